"""The tree of points of a .vxp package: docs/format.md, sections 5 and 8."""

from vxp_container import BadData
from vxp_entropy import Model, RangeDecoder

_FACES = ((0, 0, -1), (0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0))
_EDGES = ((-1, 0, -1), (1, 0, -1), (-1, 0, 1), (1, 0, 1), (-1, -1, 0), (1, -1, 0), (-1, 1, 0),
          (1, 1, 0), (0, -1, -1), (0, 1, -1), (0, -1, 1), (0, 1, 1))
_CORNERS = tuple((x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1))
OFFSETS = _FACES + _EDGES + _CORNERS  # the 26 places around a node
_DIVISION = ((0, 0, -1), (0, -1, 0), (-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, -1, -1),
             (-1, 0, -1), (-1, -1, 0))
_FACES_OF_NODE = ((0, 0, -1), (0, -1, 0), (-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))


class Node:
    """A node of the octree; children[c] is the child of Morton code c, or None."""

    __slots__ = ("number", "depth", "position", "parent", "children", "block_depth", "level",
                 "around", "weight", "values", "activity")

    def __init__(self, number, depth, position, parent):
        self.number, self.depth, self.position, self.parent = number, depth, position, parent
        self.children = [None] * 8
        self.block_depth = None if parent is None else parent.block_depth
        self.level = None  # of a point, else None
        self.around = {}   # offset -> the node or coarser point there; nothing is left out

    def is_point(self):
        return self.level is not None


class Tree:
    """Nodes by depth, each depth in Morton order."""

    def __init__(self, field):
        self.field = field
        self.depths = []

    def points(self):
        return [node for nodes in self.depths for node in nodes if node.is_point()]


def _find_around(node, here, coarse_points):
    """Sets node.around. here: the nodes of this depth by position; coarse_points: (depth, {position: point})."""
    for offset in OFFSETS:
        place = tuple(a + b for a, b in zip(node.position, offset))
        if min(place) < 0 or max(place) >> node.depth:
            continue
        found = here.get(place)
        for depth, points in coarse_points:
            shift = node.depth - depth
            found = found or points.get(tuple(a >> shift for a in place))
        if found is not None:
            node.around[offset] = found


def _decode_division(model, node, level, min_level):
    if level == min_level:
        return True
    blocks = others = 0
    for offset in _DIVISION:
        other = node.around.get(offset)
        if other is None or other.number > node.number:
            continue
        if other.block_depth is not None:
            blocks += 1
        else:
            others += 1
    return model.bit(("division", level - min_level, min(5, blocks), min(5, others))) == 1


def _occupancy(node):
    """The occupied cells of the 4 x 4 x 4 around the children, which are those at 1 and 2."""
    occupied = set()
    for (dx, dy, dz), other in node.around.items():
        open_ended = (other.number > node.number or other.is_point())
        for x in (0,) if dx < 0 else (3,) if dx > 0 else (1, 2):
            for y in (0,) if dy < 0 else (3,) if dy > 0 else (1, 2):
                for z in (0,) if dz < 0 else (3,) if dz > 0 else (1, 2):
                    child = ((x + 1) & 1) | ((y + 1) & 1) << 1 | ((z + 1) & 1) << 2
                    if open_ended or other.children[child] is not None:
                        occupied.add((x, y, z))
    return occupied


def _bits(occupied, cell, offsets):
    x, y, z = cell
    return sum(1 << i for i, (dx, dy, dz) in enumerate(offsets)
               if (x + dx, y + dy, z + dz) in occupied)


def _decode_mask(model, node):
    occupied = _occupancy(node)
    own_faces = sum(1 << i for i, offset in enumerate(_FACES_OF_NODE) if offset in node.around)
    others = sum(1 for offset in _EDGES + _CORNERS if offset in node.around)
    mask = 0
    for c in range(8):
        if c == 7 and mask == 0:
            return 1 << 7
        cell = (1 + (c & 1), 1 + (c >> 1 & 1), 1 + (c >> 2))
        faces = _bits(occupied, cell, _FACES)
        edges = _bits(occupied, cell, _EDGES)
        corners = _bits(occupied, cell, _CORNERS)
        bit = model.mixed_bit(
            (("wide", c, faces, edges),
             ("counts", c, faces, edges.bit_count(), min(7, corners.bit_count())),
             ("presence", 1 << c | mask, own_faces, min(7, others // 2))),
            (c, faces.bit_count()))
        if bit:
            mask |= 1 << c
            occupied.add(cell)
    return mask


def _add_children(node, mask, nodes, total):
    for c in range(8):
        if mask >> c & 1:
            position = tuple(2 * a + (c >> i & 1) for i, a in enumerate(node.position))
            child = Node(total + len(nodes), node.depth + 1, position, node)
            node.children[c] = child
            nodes.append(child)


def _check_point(node, field):
    if max(node.position) >= field.site_count(node.level):
        raise BadData(f"geometry: site {node.position} of level {node.level} is outside the lattice")


def decode_tree(data, field):
    """The tree that the bytes of the geometry section describe; without any depth if there is no point."""
    tree = Tree(field)
    if field.point_count == 0:
        if data:
            raise BadData(f"geometry: {len(data)} bytes for no points")
        return tree
    if field.point_count > 512 * len(data):
        raise BadData(f"geometry: {field.point_count} points in {len(data)} bytes")
    decoder = RangeDecoder(data, "geometry")
    model = Model(decoder, 255)
    nodes, total, coarse_points, block_levels = [Node(0, 0, (0, 0, 0), None)], 0, [], set()
    for depth in range(field.depth + 1):
        if len(nodes) > field.point_count:
            raise BadData(f"geometry: more than {field.point_count} nodes of depth {depth}")
        here = {node.position: node for node in nodes}
        total += len(nodes)
        below = []
        for node in nodes:
            _find_around(node, here, coarse_points)
            if node.block_depth is not None and depth == node.block_depth + 2:
                node.level = field.min_level + field.depth - depth
                _check_point(node, field)
        for node in nodes:
            level = field.min_level + field.depth - 2 - depth
            if node.block_depth is None and level <= field.max_level:
                if _decode_division(model, node, level, field.min_level):
                    node.block_depth = depth
                    block_levels.add(level)
            if not node.is_point():
                _add_children(node, _decode_mask(model, node), below, total)
        tree.depths.append(nodes)
        coarse_points.append((depth, {node.position: node for node in nodes if node.is_point()}))
        nodes = below
    decoder.check_end(-(-field.point_count // 512))
    count = len(tree.points())
    if count != field.point_count:
        raise BadData(f"geometry: {count} points, the field section says {field.point_count}")
    if not {field.min_level, field.max_level} <= block_levels:
        raise BadData(f"geometry: no block of level {field.min_level} or {field.max_level}")
    return tree
