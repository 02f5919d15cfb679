"""Prints the layouts of a module as JSON: python -c PROBE module.py [NAME_OF_A_FORMAT ...]"""
import ctypes
import importlib.util
import json
import os
import re
import struct
import sys

KINDS = {
    **dict.fromkeys("bhilq", "i"),
    **dict.fromkeys("BHILQ", "u"),
    **dict.fromkeys("efdg", "f"),
    "?": "bool",
}


def scalar(code, size):
    """The word of a spec for a scalar, None when it has none."""
    kind = KINDS.get(code)
    if kind is None or kind == "bool":
        return kind
    return "%s%d" % (kind, 8 * size)


def of_structure(cls):
    fields = []
    for owner in reversed(cls.__mro__):
        for field in owner.__dict__.get("_fields_", ()):
            place = getattr(owner, field[0])
            element = field[1]
            while hasattr(element, "_length_"):
                element = element._type_
            code = getattr(element, "_type_", None)
            known = scalar(code, ctypes.sizeof(element)) if isinstance(code, str) else None
            # The size of a bit field has its bits in the upper half.
            size = ctypes.sizeof(field[1])
            fields.append([field[0], place.offset, size, known])
    return {"size": ctypes.sizeof(cls), "fields": fields}


def of_dtype(dtype):
    fields = []
    for name in dtype.names:
        inner, offset = dtype.fields[name][:2]
        code = {"i": "b", "u": "B", "f": "f", "b": "?"}.get(inner.base.kind, "")
        fields.append([name, offset, inner.itemsize, scalar(code, inner.base.itemsize)])
    return {"size": dtype.itemsize, "fields": fields}


def of_format(text):
    text = text.decode() if isinstance(text, bytes) else text
    order, rest = ("", text) if text[:1] not in "@=<>!" else (text[:1], text[1:])
    fields, before = [], ""
    for count, code in re.findall(r"(\d*)\s*([xcbB?hHiIlLqQnNefdspP])", rest):
        item = count + code
        size = struct.calcsize(order + item)
        end = struct.calcsize(order + before + item)
        if code != "x":
            one = struct.calcsize(order + code)
            fields.append(["", end - size, size, None if code == "s" else scalar(code, one)])
        before += item
    return {"size": struct.calcsize(text), "fields": fields}


def layouts(module, formats):
    found = {}
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, ctypes.Structure):
            if value.__module__ == module.__name__:
                found[name] = of_structure(value)
        elif isinstance(value, struct.Struct):
            found[name] = of_format(value.format)
        elif type(value).__module__.partition(".")[0] == "numpy" and getattr(value, "names", None):
            found[name] = of_dtype(value)
    for path in formats:
        value = module
        for part in path.split("."):
            value = getattr(value, part, None)
        if isinstance(value, (str, bytes)):
            found[path] = of_format(value)
        elif isinstance(value, struct.Struct):
            found[path] = of_format(value.format)
        elif isinstance(value, type) and issubclass(value, ctypes.Structure):
            found[path] = of_structure(value)
    return found


def main(path, formats):
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    output = sys.stdout
    sys.stdout = sys.stderr
    spec.loader.exec_module(module)
    json.dump(layouts(module, formats), output)


main(sys.argv[1], sys.argv[2:])
