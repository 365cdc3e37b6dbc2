"""XXH3-64 with seed 0, the checksum of .vxp packages, from its specification; slow and plain."""

import struct

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578"
    "825ad07dccff7221b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea3"
    "71644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931"
    "c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
_P32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_P64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5)
_M64 = 2**64 - 1
_STRIPE = 64  # bytes
_STRIPES_PER_BLOCK = (len(_SECRET) - _STRIPE) // 8


def _u32(data, offset):
    return struct.unpack_from("<I", data, offset)[0]


def _u64(data, offset):
    return struct.unpack_from("<Q", data, offset)[0]


def _secret(offset):
    return _u64(_SECRET, offset)


def _fold(a, b):
    product = a * b
    return (product ^ product >> 64) & _M64


def _avalanche(h):
    h ^= h >> 37
    h = h * 0x165667919E3779F9 & _M64
    return h ^ h >> 32


def _avalanche_xxh64(h):
    h ^= h >> 33
    h = h * _P64[1] & _M64
    h ^= h >> 29
    h = h * _P64[2] & _M64
    return h ^ h >> 32


def _swap64(value):
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def _short(data):
    """At most 16 bytes."""
    n = len(data)
    if n == 0:
        return _avalanche_xxh64(_secret(56) ^ _secret(64))
    if n <= 3:
        joined = data[0] << 16 | data[n >> 1] << 24 | data[-1] | n << 8
        return _avalanche_xxh64(joined ^ _u32(_SECRET, 0) ^ _u32(_SECRET, 4))
    if n <= 8:
        joined = _u32(data, n - 4) + (_u32(data, 0) << 32)
        h = joined ^ _secret(8) ^ _secret(16)
        h ^= (h << 49 | h >> 15) & _M64 ^ (h << 24 | h >> 40) & _M64
        h = h * 0x9FB21C651E98DF25 & _M64
        h ^= (h >> 35) + n
        h = h * 0x9FB21C651E98DF25 & _M64
        return h ^ h >> 28
    low = _u64(data, 0) ^ _secret(24) ^ _secret(32)
    high = _u64(data, n - 8) ^ _secret(40) ^ _secret(48)
    return _avalanche((n + _swap64(low) + high + _fold(low, high)) & _M64)


def _mix16(data, offset, secret_offset):
    return _fold(_u64(data, offset) ^ _secret(secret_offset),
                 _u64(data, offset + 8) ^ _secret(secret_offset + 8))


def _middle(data):
    """17 to 240 bytes."""
    n = len(data)
    h = n * _P64[0]
    if n <= 128:
        for i in range((n - 1) // 32 + 1):
            h += _mix16(data, 16 * i, 32 * i) + _mix16(data, n - 16 * (i + 1), 32 * i + 16)
        return _avalanche(h & _M64)
    for i in range(8):
        h += _mix16(data, 16 * i, 16 * i)
    h = _avalanche(h & _M64)
    for i in range(8, n // 16):
        h += _mix16(data, 16 * i, 16 * (i - 8) + 3)
    return _avalanche(h + _mix16(data, n - 16, 136 - 17) & _M64)


def _accumulate(sums, data, offset, secret_offset):
    values = struct.unpack_from("<8Q", data, offset)
    keys = struct.unpack_from("<8Q", _SECRET, secret_offset)
    for i in range(8):
        keyed = values[i] ^ keys[i]
        sums[i ^ 1] += values[i]
        sums[i] += (keyed & 0xFFFFFFFF) * (keyed >> 32)
    for i in range(8):
        sums[i] &= _M64


def _long(data):
    """More than 240 bytes."""
    n = len(data)
    sums = [_P32[2], _P64[0], _P64[1], _P64[2], _P64[3], _P32[1], _P64[4], _P32[0]]
    for stripe in range((n - 1) // _STRIPE):
        within = stripe % _STRIPES_PER_BLOCK
        _accumulate(sums, data, stripe * _STRIPE, 8 * within)
        if within == _STRIPES_PER_BLOCK - 1:
            for i in range(8):
                mixed = sums[i] ^ sums[i] >> 47 ^ _secret(len(_SECRET) - _STRIPE + 8 * i)
                sums[i] = mixed * _P32[0] & _M64
    _accumulate(sums, data, n - _STRIPE, len(_SECRET) - _STRIPE - 7)
    h = n * _P64[0]
    for i in range(4):
        h += _fold(sums[2 * i] ^ _secret(11 + 16 * i), sums[2 * i + 1] ^ _secret(19 + 16 * i))
    return _avalanche(h & _M64)


def xxh3_64(data):
    """The hash of `data` (bytes) as a number."""
    return _short(data) if len(data) <= 16 else _middle(data) if len(data) <= 240 else _long(data)
