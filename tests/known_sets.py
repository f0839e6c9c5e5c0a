"""What test sets look like, for tests that stand pictures of the same names and sizes in."""

# Height and width in pixels.
SET5 = {
    "baby": (512, 512),
    "bird": (288, 288),
    "butterfly": (256, 256),
    "head": (280, 280),
    "woman": (344, 228),
}
