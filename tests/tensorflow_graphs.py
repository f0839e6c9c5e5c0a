"""Frozen graphs of TensorFlow, written by the library ``protobuf`` from their public definition.

https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/framework: graph.proto,
node_def.proto, attr_value.proto, tensor.proto and tensor_shape.proto, as far as they are needed.
"""

# ruff: noqa: D102

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_F = descriptor_pb2.FieldDescriptorProto
_MESSAGES = {
    "Dim": [("size", 1, "int64", False)],
    "Shape": [("dim", 2, "Dim", True)],
    "Tensor": [
        ("dtype", 1, "int32", False), ("shape", 2, "Shape", False), ("content", 4, "bytes", False),
        ("float_val", 5, "float", True), ("int_val", 7, "int32", True),
        ("half_val", 13, "int32", True),
    ],
    "List": [("i", 3, "int64", True)],
    "Attribute": [
        ("list", 1, "List", False), ("s", 2, "bytes", False), ("i", 3, "int64", False),
        ("f", 4, "float", False), ("type", 6, "int32", False), ("tensor", 8, "Tensor", False),
    ],
    "Entry": [("key", 1, "string", False), ("value", 2, "Attribute", False)],
    "Node": [
        ("name", 1, "string", False), ("op", 2, "string", False), ("input", 3, "string", True),
        ("attr", 5, "Entry", True),
    ],
    "Graph": [("node", 1, "Node", True)],
}  # fmt: skip
_SCALARS = {
    "int64": _F.TYPE_INT64, "int32": _F.TYPE_INT32, "bytes": _F.TYPE_BYTES,
    "string": _F.TYPE_STRING, "float": _F.TYPE_FLOAT,
}  # fmt: skip
FLOAT, INT32, HALF = 1, 3, 19


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="g.proto", package="g", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = _F.LABEL_REPEATED if repeated else _F.LABEL_OPTIONAL
            entry = message.field.add(name=field, number=number, label=label)
            entry.type = _SCALARS.get(kind, _F.TYPE_MESSAGE)
            if kind not in _SCALARS:
                entry.type_name = f".g.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"g.{name}"))
        for name in _MESSAGES
    }


_CLASS = _classes()


class GraphBuilder:
    """A network in a graph that grows node by node."""

    def __init__(self, channels=1, seed=0):
        self.graph = _CLASS["Graph"]()
        self.maps, self.layers = channels, []
        self._rng = np.random.default_rng(seed)
        self.value = self.node("Placeholder")

    def node(self, operator, *inputs, name=None, **attributes):
        name = name or f"{operator.lower()}_{len(self.graph.node)}"
        node = self.graph.node.add(name=name, op=operator, input=[*inputs])
        for key, value in attributes.items():
            entry = node.attr.add(key=key)
            if isinstance(value, list):
                entry.value.list.i.extend(value)
            elif isinstance(value, str):
                entry.value.s = value.encode()
            elif isinstance(value, float):
                entry.value.f = value
            elif isinstance(value, int):
                entry.value.i = value
            else:
                entry.value.tensor.CopyFrom(value)
        self.value = name
        return name

    def constant(self, array, *, form="content"):
        array = np.asarray(array)
        tensor = _CLASS["Tensor"](dtype=FLOAT if array.dtype.kind == "f" else INT32)
        for side in array.shape:
            tensor.shape.dim.add(size=side)
        if form == "half":
            tensor.dtype = HALF
            tensor.half_val.extend(array.astype(np.float16).view(np.uint16).ravel().tolist())
        elif form == "listed":
            tensor.float_val.extend(array.ravel().tolist())
        elif array.dtype.kind == "f":
            tensor.content = array.astype("<f4").tobytes()
        else:
            tensor.content = array.astype("<i4").tobytes()
        before = self.value
        name = self.node("Const", value=tensor)
        self.value = before
        return name

    def _random(self, *shape):
        return self._rng.normal(0, np.prod(shape[:3]) ** -0.5, shape).astype(np.float32)

    def conv(self, out, side, *, padding="SAME", form="content", strides=(1, 1, 1, 1)):
        """A convolution and its bias; the filters are (f, f, in, out)."""
        weight, bias = self._random(side, side, self.maps, out), self._random(1, 1, 1, out)[0, 0, 0]
        filters = self.node("Identity", self.constant(weight, form=form))
        self.value = self.node(
            "Conv2D", self._source(), filters, padding=padding, strides=[*strides]
        )
        self.node("BiasAdd", self.value, self.constant(bias))
        self.maps = out
        self.layers.append((weight.transpose(3, 2, 0, 1), bias))

    def deconv(self, out, side, scale):
        """A transposed one; the filters are (f, f, out, in)."""
        weight, bias = self._random(side, side, out, self.maps), np.array([0.1] * out, np.float32)
        source = self._source()
        sizes = self.constant(np.array([1, 9, 9, out], np.int32))
        self.node(
            "Conv2DBackpropInput", sizes, self.constant(weight), source,
            padding="SAME", strides=[1, scale, scale, 1],
        )  # fmt: skip
        self.node("Add", self.value, self.constant(bias))
        self.layers.append((weight.transpose(3, 2, 0, 1), bias))

    def _source(self):
        names = [node.name for node in self.graph.node]
        data = [n for n in names if not n.startswith(("const", "identity"))]
        return self.value if self.value in data else data[-1]

    def save(self, path):
        path.write_bytes(self.graph.SerializeToString())
        return path
