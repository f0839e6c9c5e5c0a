"""Pickles taken apart without a class known or a function called.

A pickle is a program for a small machine with a stack. Two of its instructions are dangerous: one
names anything that can be imported, the other calls it. Here a name stays a `Name`, and what a call
would have made is a `Made`, which holds what it would have been made of. Nothing is imported and
nothing is called, so there is no list of what is allowed that could have a hole.

The instructions are split by the standard library's `pickletools`, which runs none of them.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

_MAX_INSTRUCTIONS = 2_000_000
_MARK = object()
_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_KEYS = (str, int, float, bytes, type(None))


class Name(str):
    """What a pickle asks to import, dotted: ``collections.OrderedDict``."""

    __slots__ = ()


@dataclass(eq=False)
class Made:
    """What stands for an object that was not made.

    Attributes:
        name: Of what would have been called, or "" where that was no name.
        args: What it would have been called with.
        state: What the object would have been told after that.
        entries: Keys and values that would have been set in it.
        members: What would have been appended or added to it.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[Any, Any] = field(default_factory=dict)
    members: list[Any] = field(default_factory=list)


class _Machine:
    """The stack and the memo; a method for each instruction that is more than a literal."""

    def __init__(self, persistent: Callable[[Any], Any]) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._persistent = persistent

    def step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - any value of the format
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        else:
            getattr(self, f"do_{name.lower()}")(argument)

    def _pop(self) -> Any:  # noqa: ANN401
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value should be")
        return value

    def _to_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        raise ValueError("no mark")

    def _set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        entries = target.entries if isinstance(target, Made) else target
        if not isinstance(entries, dict) or len(pairs) % 2:
            raise ValueError("entries for something that is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if isinstance(key, _KEYS):  # networks are not kept under others
                entries[key] = value

    def _extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        members = target.members if isinstance(target, Made) else target
        if not isinstance(members, list):
            raise TypeError("members for something that is no list")
        members.extend(values)

    def _call(self, function: Any, args: Any, state: Any = None) -> None:  # noqa: ANN401
        name = str(function) if isinstance(function, Name) else ""
        self.stack.append(Made(name, args if isinstance(args, tuple) else (args,), state))

    def do_proto(self, _argument: object) -> None: ...

    def do_frame(self, _argument: object) -> None: ...

    def do_mark(self, _argument: object) -> None:
        self.stack.append(_MARK)

    def do_pop(self, _argument: object) -> None:
        self.stack.pop()

    def do_pop_mark(self, _argument: object) -> None:
        self._to_mark()

    def do_dup(self, _argument: object) -> None:
        self.stack.append(self.stack[-1])

    def do_empty_list(self, _argument: object) -> None:
        self.stack.append([])

    def do_empty_dict(self, _argument: object) -> None:
        self.stack.append({})

    def do_empty_set(self, _argument: object) -> None:
        self.stack.append(Made("builtins.set"))

    def do_frozenset(self, _argument: object) -> None:
        self.stack.append(Made("builtins.frozenset", members=self._to_mark()))

    def do_list(self, _argument: object) -> None:
        self.stack.append(self._to_mark())

    def do_tuple(self, _argument: object) -> None:
        self.stack.append(tuple(self._to_mark()))

    def do_tuple1(self, _argument: object) -> None:
        self.stack.append((self._pop(),))

    def do_tuple2(self, _argument: object) -> None:
        second, first = self._pop(), self._pop()
        self.stack.append((first, second))

    def do_tuple3(self, _argument: object) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self.stack.append((first, second, third))

    def do_dict(self, _argument: object) -> None:
        pairs = self._to_mark()
        self.stack.append({})
        self._set(pairs)

    def do_setitem(self, _argument: object) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def do_setitems(self, _argument: object) -> None:
        self._set(self._to_mark())

    def do_append(self, _argument: object) -> None:
        value = self._pop()
        self._extend([value])

    def do_appends(self, _argument: object) -> None:
        self._extend(self._to_mark())

    def do_additems(self, _argument: object) -> None:
        self._extend(self._to_mark())

    def do_put(self, argument: int) -> None:
        self._memo[argument] = self.stack[-1]

    do_binput = do_long_binput = do_put

    def do_memoize(self, _argument: object) -> None:
        self._memo[len(self._memo)] = self.stack[-1]

    def do_get(self, argument: int) -> None:
        self.stack.append(self._memo[argument])

    do_binget = do_long_binget = do_get

    def do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(Name(f"{module}.{name}"))

    def do_stack_global(self, _argument: object) -> None:
        name, module = self._pop(), self._pop()
        self.stack.append(Name(f"{module}.{name}"))

    def do_reduce(self, _argument: object) -> None:
        args, function = self._pop(), self._pop()
        self._call(function, args)

    do_newobj = do_reduce

    def do_newobj_ex(self, _argument: object) -> None:
        keywords, args, function = self._pop(), self._pop(), self._pop()
        self._call(function, args, keywords)

    def do_inst(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._call(Name(f"{module}.{name}"), tuple(self._to_mark()))

    def do_obj(self, _argument: object) -> None:
        function, *args = self._to_mark()
        self._call(function, tuple(args))

    def do_build(self, _argument: object) -> None:
        state = self._pop()
        if isinstance(self.stack[-1], Made):
            self.stack[-1].state = state

    def do_persid(self, argument: str) -> None:
        self.stack.append(self._persistent(argument))

    def do_binpersid(self, _argument: object) -> None:
        self.stack.append(self._persistent(self._pop()))


def take_apart(file: BinaryIO, persistent: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """What a pickle holds: plain values, and `Made` and `Name` for all else.

    Dictionaries lose entries whose keys are neither text nor numbers.

    Args:
        file: Stands behind the pickle's last instruction afterwards.
        persistent: What stands for an object that the pickle only refers to (its "persistent id").

    Raises:
        Exception: Of a dozen types: it is damaged, or larger than a network's.
    """
    machine = _Machine(persistent)
    for count, (instruction, argument, _position) in enumerate(pickletools.genops(file)):
        if instruction.name == "STOP":
            break
        if count > _MAX_INSTRUCTIONS:
            raise ValueError("too many instructions")
        machine.step(instruction.name, argument)
    return machine._pop()  # noqa: SLF001 - the machine is of this module
