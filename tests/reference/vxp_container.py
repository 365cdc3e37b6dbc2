"""Header, sections, parameters and network of a .vxp package: docs/format.md, sections 3, 4 and 11."""

import math
import struct

import numpy as np

from xxh3 import xxh3_64

FIELD, NETWORK, GEOMETRY, ATTRIBUTES = 1, 2, 3, 4
_NAMES = {FIELD: "field", GEOMETRY: "geometry", ATTRIBUTES: "attributes", NETWORK: "network"}
_HEADER_BYTES, _ENTRY_BYTES = 40, 32
_FIELD_BYTES, _CHANNEL_BYTES = 52, 41
KINDS = ("rgb", "sh1", "sh2", "mlp")
_FEATURES_OF_KIND = (3, 12, 27, 3)  # mlp: and feature_count


class BadData(Exception):
    """The package breaks a MUST."""


class Unsupported(Exception):
    """The package is intact but newer than this decoder."""


def _require(holds, text):
    if not holds:
        raise BadData(text)


def read_sections(data):
    """{(kind, index): bytes} of the package `data`, checksums checked."""
    _require(len(data) >= _HEADER_BYTES, f"header: {len(data)} bytes, needs {_HEADER_BYTES}")
    magic, major, _, file_size, count, reserved, reserved_more, checksum = struct.unpack_from(
        "<4sHHQIIQQ", data)
    _require(magic == b"VXPK", "header: not a package (no magic)")
    _require(count <= 1024, f"header: {count} sections, at most 1024")
    table_end = _HEADER_BYTES + _ENTRY_BYTES * count
    _require(table_end <= len(data), f"header: a table of {count} sections does not fit into {len(data)} bytes")
    _require(xxh3_64(data[:32] + data[_HEADER_BYTES:table_end]) == checksum, "header: wrong checksum")
    if major > 0:
        raise Unsupported(f"header: major version {major}, this decoder reads 0")
    _require(file_size == len(data), f"header: {len(data)} bytes, should be {file_size}")
    _require(reserved == 0 and reserved_more == 0, "header: reserved numbers are not 0")
    sections, last_key, end = {}, (0, -1), table_end
    for i in range(count):
        kind, index, offset, size, checksum = struct.unpack_from(
            "<IIQQQ", data, _HEADER_BYTES + _ENTRY_BYTES * i)
        name = f"section {i} ({_NAMES.get(kind, kind)} {index})"
        _require((kind, index) > last_key, f"{name}: not in order")
        _require(offset == end, f"{name}: starts at {offset}, the one before ends at {end}")
        _require(size <= len(data) - offset, f"{name}: ends beyond the file")
        _require(kind == ATTRIBUTES or kind not in _NAMES or index == 0, f"{name}: index is not 0")
        end = offset + size
        sections[kind, index] = data[offset:end]
        _require(xxh3_64(data[offset:end]) == checksum, f"{name}: wrong checksum")
        last_key = (kind, index)
    _require(end == len(data), f"{len(data) - end} bytes after the last section")
    return sections


class Channel:
    """Parameters of one channel."""

    def __init__(self, data, depth, name):
        (self.curve, self.bias_one, self.bias_more, reserved, self.step, self.root, self.low,
         self.high) = struct.unpack_from("<BBBBfiii", data)
        weights = data[_CHANNEL_BYTES - 21:_CHANNEL_BYTES]
        self.context_weights = [list(weights[7 * axis:7 * axis + 7]) for axis in range(3)]
        self.gain = list(data[_CHANNEL_BYTES:_CHANNEL_BYTES + depth])
        _require(self.curve <= 1, f"{name}: curve {self.curve}")
        _require(self.bias_one <= 31 and self.bias_more <= 31, f"{name}: bias above 31")
        _require(reserved == 0, f"{name}: reserved byte is not 0")
        _require(np.float32(1e-9) <= self.step <= 1e6, f"{name}: step {self.step}")
        _require(abs(self.root) <= 2**24, f"{name}: root {self.root}")
        _require(self.low <= self.high, f"{name}: numbers of {self.low}..{self.high}")
        _require(all(gain <= 8 for gain in self.gain), f"{name}: gain above 8")


class Field:
    """Parameters of the whole package, of the field section."""

    def __init__(self, data):
        _require(len(data) >= _FIELD_BYTES, f"field: {len(data)} bytes, needs {_FIELD_BYTES}")
        (*origin, self.edge, self.point_count, self.resolution, self.min_level, self.max_level,
         self.kind, self.feature_count, self.hidden_width, self.level_weight_shift,
         self.channel_count, group_count, self.depth, self.colour_transform) = struct.unpack_from(
             "<3ddQHbbBBBBBBBB", data)
        self.origin = origin
        self._check(group_count)
        layers = _FIELD_BYTES + group_count  # where layer_count is
        _require(len(data) > layers, f"field: {len(data)} bytes do not fit its counts")
        start = layers + 1 + data[layers]
        self.layer_starts = list(data[layers + 1:start])
        end = start + self.channel_count * (_CHANNEL_BYTES + self.depth)
        _require(len(data) >= end + 6, f"field: {len(data)} bytes do not fit its counts")
        self._read_shapes(data[end:])
        self.group_sizes = list(data[_FIELD_BYTES:layers])
        starts = self.layer_starts
        _require(1 <= len(starts) <= 4 and starts[0] == 0, f"field: layers {starts}")
        _require(all(a < b for a, b in zip(starts, starts[1:] + [self.depth])), f"field: layers {starts}")
        _require(min(self.group_sizes, default=0) >= 1 and sum(self.group_sizes) == self.channel_count,
                 f"field: groups of {self.group_sizes} for {self.channel_count} channels")
        size = _CHANNEL_BYTES + self.depth
        self.channels = [Channel(data[start + i * size:start + (i + 1) * size], self.depth, f"channel {i}")
                         for i in range(self.channel_count)]

    def _read_shapes(self, data):
        self.shape_step, count = struct.unpack_from("<fH", data)
        _require(np.float32(1e-9) <= self.shape_step <= 1e6, f"field: shape step {self.shape_step}")
        _require(len(data) == 6 + 4 * count, f"field: {len(data)} bytes for {count} shapes")
        entries = list(struct.iter_unpack("<Hh", data[6:]))
        shapes = [-1] + [shape for shape, _ in entries] + [59319]
        _require(all(a < b for a, b in zip(shapes, shapes[1:])), "field: shapes out of order or range")
        self.shape_offsets = dict(entries)

    def _check(self, group_count):
        _require(all(math.isfinite(x) and abs(x) <= 1e9 for x in self.origin), f"field: origin {self.origin}")
        _require(1e-9 <= self.edge <= 1e9, f"field: edge {self.edge}")
        _require(self.point_count <= 0xfffffff0, f"field: {self.point_count} points")
        _require(4 <= self.resolution <= 16384, f"field: resolution {self.resolution}")
        _require(-1 <= self.min_level <= self.max_level <= 6,
                 f"field: levels {self.min_level} to {self.max_level}")
        _require(self.kind <= 3, f"field: appearance kind {self.kind}")
        if KINDS[self.kind] == "mlp":
            _require(1 <= self.feature_count <= 28, f"field: feature_count {self.feature_count}")
            _require(4 <= self.hidden_width <= 64 and self.hidden_width % 4 == 0,
                     f"field: hidden_width {self.hidden_width}")
        else:
            _require(self.feature_count == 0 and self.hidden_width == 0, "field: a network without mlp")
        _require(self.level_weight_shift <= 3, f"field: level_weight_shift {self.level_weight_shift}")
        _require(self.channel_count == 1 + _FEATURES_OF_KIND[self.kind] + self.feature_count,
                 f"field: {self.channel_count} channels")
        _require(1 <= group_count <= self.channel_count, f"field: {group_count} groups")
        _require(self.depth == self.tree_depth(), f"field: depth {self.depth}, should be {self.tree_depth()}")
        _require(self.colour_transform <= 1, f"field: colour_transform {self.colour_transform}")

    def site_count(self, level):
        """Sites per axis of a level."""
        cells = self.resolution * 2 if level < 0 else -(-self.resolution >> level)
        return cells + 1

    def tree_depth(self):
        depth = 2 + self.max_level - self.min_level
        for level in range(self.min_level, self.max_level + 1):
            depth = max(depth, ((self.site_count(level) << level - self.min_level) - 1).bit_length())
        return depth


def check_presence(sections, field):
    """Every section that the parameters call for, and no other of the known kinds."""
    wanted = {(FIELD, 0), (GEOMETRY, 0)} | {
        (ATTRIBUTES, i) for i in range(len(field.layer_starts) * len(field.group_sizes))}
    if KINDS[field.kind] == "mlp":
        wanted.add((NETWORK, 0))
    present = {key for key in sections if key[0] in _NAMES}
    for kind, index in sorted(wanted ^ present):
        what = "missing" if (kind, index) in wanted else "not expected"
        raise BadData(f"section {_NAMES[kind]} {index}: {what}")


def _read_matrix(data, offset, name, shape):
    _require(len(data) >= offset + 6, f"network: ends within the head of {name}")
    rows, columns, bits, reserved = struct.unpack_from("<HHBB", data, offset)
    _require((rows, columns) == shape, f"network: {name} is {rows} x {columns}, should be {shape}")
    _require(2 <= bits <= 16 and reserved == 0, f"network: {name}: {bits} bits, reserved {reserved}")
    codes_at = offset + 6 + 4 * rows
    end = codes_at + (rows * columns * bits + 7) // 8
    _require(end <= len(data), f"network: {name} ends beyond the section")
    scales = np.frombuffer(data, "<f4", rows, offset + 6)
    _require(bool(np.all((scales >= 0) & (scales <= 1e6))), f"network: {name}: a scale out of range")
    stream = int.from_bytes(data[codes_at:end], "little")
    codes = np.zeros(rows * columns, np.int64)
    for i in range(rows * columns):
        code = stream >> i * bits & (1 << bits) - 1
        codes[i] = code - (1 << bits) if code >> bits - 1 else code
    _require(stream >> rows * columns * bits == 0, f"network: {name}: filling bits are not 0")
    _require(bool(np.all(np.abs(codes) < 1 << bits - 1)), f"network: {name}: a code out of range")
    return codes.astype(np.float32).reshape(shape) * scales[:, None], end


def read_network(data, field):
    """The weights (in, out) as f32 matrices."""
    _require(len(data) >= 1 and data[0] == 2, "network: not two matrices")
    weights_in, end = _read_matrix(data, 1, "weights_in", (field.channel_count - 1 + 16, field.hidden_width))
    weights_out, end = _read_matrix(data, end, "weights_out", (field.hidden_width, 3))
    _require(end == len(data), f"network: {len(data) - end} bytes after the last matrix")
    return weights_in, weights_out
