"""Damaged copies of a package with an appearance network, one for each rule of docs/format.md."""

import struct

from vxp_container import (ATTRIBUTES, FIELD, GEOMETRY, NETWORK, Field, read_sections)
from vxp_pack import build_package, make_entries

BAD_DATA, UNSUPPORTED = 4, 5  # exit codes


def _put(data, offset, form, value):
    changed = bytearray(data)
    struct.pack_into("<" + form, changed, offset, value)
    return bytes(changed)


def _container_damage(package, sections):
    """{name: (exit code, bytes)}."""
    def table(row, column, change):
        entries = make_entries(sections)
        entries[row][column] += change
        return build_package(sections, entries=entries)

    swapped = make_entries(sections)
    swapped[3:5] = [[ATTRIBUTES, 0, *swapped[3][2:]], [ATTRIBUTES, 0, *swapped[4][2:]]]
    flipped = bytearray(package)
    flipped[-1] ^= 1
    bad = {
        "empty": b"",
        "header_cut": package[:39],
        "table_cut": package[:100],
        "file_cut": package[:-1],
        "magic": build_package(sections, magic=b"VXPL"),
        "major_damaged": _put(package, 4, "H", 1),
        "file_size": build_package(sections, file_size=len(package) + 1),
        "section_count": build_package(sections, section_count=1025),
        "reserved": build_package(sections, reserved=1),
        "reserved_more": build_package(sections, reserved_more=1),
        "header_checksum": _put(package, 32, "Q", 0),
        "section_checksum": bytes(flipped),
        "entry_twice": build_package(sections, entries=swapped),
        "entry_index": table(0, 1, 1),
        "entry_offset": table(1, 2, 1),
        "entry_size": table(len(sections) - 1, 3, 1),
        "bytes_after_the_last_section": build_package(sections, tail=b"\0"),
    }
    for kind, name in ((FIELD, "field"), (GEOMETRY, "geometry"), (ATTRIBUTES, "attributes"), (NETWORK, "network")):
        kept = {key: data for key, data in sections.items() if key != (kind, 0)}
        bad[f"no_{name}"] = build_package(kept)
    bad["group_without_channels"] = build_package(sections | {(ATTRIBUTES, 99): b"\0\0\0\0"})
    result = {name: (BAD_DATA, data) for name, data in bad.items()}
    result["major_newer"] = (UNSUPPORTED, build_package(sections, major=1))
    return result


def _field_damage(data, field):
    """{name: field section}."""
    layers = 52 + len(field.group_sizes)  # offset of layer_count
    channel = layers + 1 + len(field.layer_starts)
    shapes = channel + field.channel_count * (41 + field.depth)
    changes = {
        "origin": (0, "d", float("nan")), "origin_far": (8, "d", -2e9), "edge": (24, "d", 0.0),
        "edge_large": (24, "d", 2e9),
        "point_count_limit": (32, "Q", 2**40), "point_count_less": (32, "Q", field.point_count - 1),
        "point_count_more": (32, "Q", field.point_count + 1),
        "resolution_range": (40, "H", 3), "site_outside": (40, "H", field.resolution - 1),
        "min_level": (42, "b", -2), "max_level": (43, "b", field.min_level - 1),
        "appearance_kind": (44, "B", 4), "feature_count": (45, "B", 0), "hidden_width": (46, "B", 6),
        "level_weight_shift": (47, "B", 4), "channel_count": (48, "B", field.channel_count - 1),
        "group_count": (49, "B", 0),
        "colour_transform": (51, "B", 2), "group_empty": (52, "B", 0),
        "group_sum": (52, "B", field.group_sizes[0] + 1),
        "curve": (channel, "B", 2), "bias_one": (channel + 1, "B", 32), "bias_more": (channel + 2, "B", 32),
        "channel_reserved": (channel + 3, "B", 1), "step": (channel + 4, "f", 0.0),
        "step_nan": (channel + 4, "f", float("nan")), "root": (channel + 8, "i", 2**24 + 1),
        "range_empty": (channel + 16, "i", field.channels[0].low - 1),
        "range_low": (channel + 12, "i", field.channels[0].low + 1),
        "range_high": (channel + 16, "i", field.channels[0].high - 1),
        "layer_count": (layers, "B", 0), "layer_first": (layers + 1, "B", 1),
        "gain": (channel + 41, "B", 9), "shape_step": (shapes, "f", 0.0),
        "shape_count": (shapes + 4, "H", 1 + len(field.shape_offsets)),
    }
    damaged = {"field_" + name: _put(data, *change) for name, change in changes.items()}
    # One gain more per channel, so that the sizes fit and only the depth is wrong.
    size = 41 + field.depth
    deeper = _put(data[:channel], 50, "B", field.depth + 1)
    for start in range(channel, shapes, size):
        deeper += data[start:start + size] + b"\0"
    deeper += data[shapes:]
    listed = data[:shapes + 4] + struct.pack("<H", 2)
    damaged["field_shape_order"] = listed + struct.pack("<HhHh", 7, 1, 7, 1)
    damaged["field_shape_range"] = listed + struct.pack("<HhHh", 7, 1, 59319, 1)
    return damaged | {"field_depth": deeper, "field_cut": data[:-1], "field_longer": data + b"\0"}


def _network_damage(data, field):
    """{name: network section}."""
    rows = field.channel_count - 1 + 16
    bits, codes = data[5], 7 + 4 * rows
    out_matrix = codes + (rows * field.hidden_width * bits + 7) // 8
    lowest = int.from_bytes(data[codes:codes + 2], "little") >> bits << bits | 1 << bits - 1
    return {
        "network_matrix_count": _put(data, 0, "B", 1), "network_rows": _put(data, 1, "H", rows + 1),
        "network_columns": _put(data, 3, "H", 3), "network_bits": _put(data, 5, "B", 17),
        "network_reserved": _put(data, 6, "B", 1), "network_scale": _put(data, 7, "f", -1.0),
        "network_code": _put(data, codes, "H", lowest & 0xFFFF),
        "network_out_columns": _put(data, out_matrix + 2, "H", 4),
        "network_cut": data[:-1], "network_longer": data + b"\0",
        "network_filling": data[:-1] + bytes([data[-1] | 0x80]),
    }


def corrupt_packages(package, empty_package, padded_package, plain_package, layered_package):
    """{name: (exit code, bytes)} of damaged copies of five packages.

    `package` is of kind mlp, `empty_package` without points, the geometry of `padded_package` ends with zeros,
    and the last attribute section of `plain_package` is plain, with a filled last byte;
    `layered_package` has layers.
    """
    sections = read_sections(package)
    field = Field(sections[FIELD, 0])
    geometry, attributes = sections[GEOMETRY, 0], sections[ATTRIBUTES, 0]
    result = _container_damage(package, sections)
    parts = {((FIELD, 0), name): data for name, data in _field_damage(sections[FIELD, 0], field).items()}
    parts |= {((NETWORK, 0), name): data for name, data in _network_damage(sections[NETWORK, 0], field).items()}
    parts |= {
        ((GEOMETRY, 0), "geometry_cut"): geometry[:-1],
        ((GEOMETRY, 0), "geometry_longer"): geometry + b"\0",
        ((GEOMETRY, 0), "geometry_empty"): b"",
        ((ATTRIBUTES, 0), "attributes_cut"): attributes[:-1],
        ((ATTRIBUTES, 0), "attributes_longer"): attributes + b"\0",
        ((ATTRIBUTES, 0), "attributes_empty"): b"",
        ((ATTRIBUTES, 0), "attributes_method"): b"\2" + attributes[1:],
    }
    for (key, name), data in parts.items():
        result[name] = (BAD_DATA, build_package(sections | {key: data}))
    empty = read_sections(empty_package)
    for kind, name in ((GEOMETRY, "geometry"), (ATTRIBUTES, "attributes")):
        result[f"{name}_without_points"] = (BAD_DATA, build_package(empty | {(kind, 0): bytes(4)}))
    padded = read_sections(padded_package)
    assert padded[GEOMETRY, 0].endswith(bytes(2)), "the geometry has no padding"
    result["geometry_padding"] = (
        BAD_DATA, build_package(padded | {(GEOMETRY, 0): padded[GEOMETRY, 0][:-1] + b"\1"}))
    plain = read_sections(plain_package)
    last = max(plain)
    section = plain[last]
    assert section[0] == 1, "the last section is not plain"
    for name, data in {"width": section[:1] + b"\x1b" + section[2:], "cut": section[:-1],
                       "longer": section + b"\0", "filling": section[:-1] + bytes([section[-1] | 0x80])}.items():
        result[f"plain_{name}"] = (BAD_DATA, build_package(plain | {last: data}))
    layered = read_sections(layered_package)
    field = Field(layered[FIELD, 0])
    last = 52 + len(field.group_sizes) + len(field.layer_starts)  # where the last layer starts
    for name, depth in {"order": field.layer_starts[-2], "depth": field.depth}.items():
        section = _put(layered[FIELD, 0], last, "B", depth)
        result[f"field_layer_{name}"] = (BAD_DATA, build_package(layered | {(FIELD, 0): section}))
    return result
