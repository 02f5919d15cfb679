"""The same wheel in ctypes: one field in the middle was lost, the rest moved up."""
import ctypes
import struct


class Wheel(ctypes.Structure):
    _fields_ = [
        ("speed_rad", ctypes.c_double),
        ("grip", ctypes.c_float),
        ("compound", ctypes.c_int32),
        ("temperature", ctypes.c_float * 3),
        ("flat", ctypes.c_bool),
    ]


class Car(ctypes.Structure):
    _fields_ = [
        ("number", ctypes.c_uint32),
        ("lap", ctypes.c_int16),
        ("driver", ctypes.c_char * 14),
        ("wheels", Wheel * 4),
    ]


WHEEL_FORMAT = "<ddfi3f?3x"
WHEEL = struct.Struct("<ddfI3f?3x")
