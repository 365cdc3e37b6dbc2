"""Puts sections into a .vxp container with right checksums (docs/format.md, section 3)."""

import struct

from xxh3 import xxh3_64


def make_entries(sections):
    """The table as [[kind, index, offset, size_bytes, checksum]], in the order of the sections' keys."""
    entries, end = [], 40 + 32 * len(sections)
    for (kind, index), data in sorted(sections.items()):
        entries.append([kind, index, end, len(data), xxh3_64(data)])
        end += len(data)
    return entries


def build_package(sections, minor=3, entries=None, tail=b"", **header):
    """The package of `sections` {(kind, index): bytes}.

    `entries` replaces the table, `tail` follows the last section, `header` replaces fields of the header
    by name; the header's checksum is right for what results.
    """
    body = b"".join(data for _, data in sorted(sections.items())) + tail
    table = b"".join(struct.pack("<IIQQQ", *entry) for entry in entries or make_entries(sections))
    fields = {"magic": b"VXPK", "major": 0, "minor": minor, "file_size": 40 + len(table) + len(body),
              "section_count": len(table) // 32, "reserved": 0, "reserved_more": 0} | header
    head = struct.pack("<4sHHQIIQ", *fields.values())
    return head + struct.pack("<Q", xxh3_64(head + table)) + table + body
