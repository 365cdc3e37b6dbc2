#include "io/npz_read.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <span>

#include "core/bytes.h"
#include "io/atomic_file.h"

namespace voxpack {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint32_t kEndSignature = 0x06054b50, kEntrySignature = 0x02014b50,
                   kMemberSignature = 0x04034b50;
constexpr size_t kEndSize = 22, kMaxComment = 65535;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1;
constexpr uint64_t kMaxDeflateRatio = 1032;

Status bad(std::string message) { return {Errc::bad_data, std::move(message)}; }

struct Member {
  std::string name;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t checksum = 0;
  uint32_t packed_size = 0;
  uint32_t size = 0;
  uint32_t offset = 0;  // of its header
};

std::string read_text(ByteReader& reader, size_t size) {
  const Bytes text = reader.read_bytes(size);
  return {text.begin(), text.end()};
}

// The list of members, from the end of the archive.
Result<std::vector<Member>> list_members(Bytes file) {
  std::optional<size_t> end;
  const size_t first =
      file.size() > kEndSize + kMaxComment ? file.size() - kEndSize - kMaxComment : 0;
  for (size_t at = file.size(); at-- > first && !end;) {
    if (file.size() - at < kEndSize) continue;
    uint32_t signature;
    std::memcpy(&signature, &file[at], sizeof(signature));
    if (signature == kEndSignature) end = at;
  }
  if (!end) return bad("not a ZIP archive, or its end is cut");
  ByteReader reader(file.subspan(*end + 10));
  const auto count = reader.read<uint16_t>();
  const auto size = reader.read<uint32_t>();
  const auto offset = reader.read<uint32_t>();
  if (count == 0xffff || offset == 0xffffffff) {
    return {Errc::unsupported, "an archive of 4 GB or more (ZIP64)"};
  }
  if (offset > *end || size > *end - offset) return bad("the list of members is outside the file");
  ByteReader list(file.subspan(offset, size));
  std::vector<Member> members;
  for (uint16_t i = 0; i < count; ++i) {
    Member member;
    const auto signature = list.read<uint32_t>();
    list.read_bytes(4);
    member.flags = list.read<uint16_t>();
    member.method = list.read<uint16_t>();
    list.read_bytes(4);
    member.checksum = list.read<uint32_t>();
    member.packed_size = list.read<uint32_t>();
    member.size = list.read<uint32_t>();
    const auto name_size = list.read<uint16_t>();
    const auto extra_size = list.read<uint16_t>();
    const auto comment_size = list.read<uint16_t>();
    list.read_bytes(8);
    member.offset = list.read<uint32_t>();
    member.name = read_text(list, name_size);
    list.read_bytes(size_t{extra_size} + comment_size);
    if (list.failed() || signature != kEntrySignature) {
      return bad("the list of members is damaged at member " + std::to_string(i));
    }
    members.push_back(std::move(member));
  }
  return members;
}

Status inflate_all(Bytes packed, std::vector<uint8_t>& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {Errc::device, "out of memory"};
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole ? Status() : bad("its compressed data is damaged");
}

Result<std::vector<uint8_t>> extract(Bytes file, const Member& member) {
  if ((member.flags & kEncrypted) != 0 ||
      (member.method != kStored && member.method != kDeflated)) {
    return {Errc::unsupported, "encrypted, or packed by method " + std::to_string(member.method)};
  }
  if (member.offset > file.size()) return bad("outside the file");
  ByteReader reader(file.subspan(member.offset));
  const auto signature = reader.read<uint32_t>();
  reader.read_bytes(22);
  const auto name_size = reader.read<uint16_t>();
  const auto extra_size = reader.read<uint16_t>();
  const std::string name = read_text(reader, name_size);
  reader.read_bytes(extra_size);
  const Bytes packed = reader.read_bytes(member.packed_size);
  if (reader.failed() || signature != kMemberSignature || name != member.name) {
    return bad("its header is damaged or it is cut");
  }
  if (member.size > kMaxDeflateRatio * (uint64_t{member.packed_size} + 1)) {
    return bad("it claims more bytes than its data can hold");
  }
  std::vector<uint8_t> out;
  if (member.method == kStored) {
    if (member.size != member.packed_size) return bad("its two sizes differ");
    out.assign(packed.begin(), packed.end());
  } else {
    out.resize(member.size);
    VOXPACK_TRY(inflate_all(packed, out));
  }
  const uLong checksum = crc32_z(crc32_z(0, nullptr, 0), out.data(), out.size());
  if (checksum != member.checksum) return bad("its checksum does not match");
  return out;
}

// What stands behind 'key': in the header's dictionary, up to `stop`.
std::string entry_of(const std::string& header, const std::string& key, char open, char stop) {
  const size_t at = header.find("'" + key + "'");
  const size_t first = at == std::string::npos ? at : header.find(open, header.find(':', at));
  const size_t last = first == std::string::npos ? first : header.find(stop, first + 1);
  return last == std::string::npos ? "" : header.substr(first + 1, last - first - 1);
}

Status parse_shape(const std::string& text, std::vector<uint64_t>& shape) {
  uint64_t number = 0;
  bool digits = false;
  for (const char c : text + ",") {
    if (c >= '0' && c <= '9') {
      if (number > (uint64_t{1} << 40)) return bad("a dimension is too large");
      number = number * 10 + static_cast<uint64_t>(c - '0');
      digits = true;
    } else if (c == ',') {
      if (digits) shape.push_back(number);
      number = 0;
      digits = false;
    } else if (c != ' ') {
      return bad("the shape is not a list of numbers");
    }
  }
  return shape.size() <= 8 ? Status() : bad("too many dimensions");
}

Result<NpyArray> parse_npy(const std::vector<uint8_t>& data) {
  constexpr uint8_t kMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  ByteReader reader(data);
  const Bytes magic = reader.read_bytes(sizeof(kMagic));
  const auto major = reader.read<uint8_t>();
  reader.read<uint8_t>();
  const uint32_t header_size = major == 1 ? reader.read<uint16_t>() : reader.read<uint32_t>();
  if (reader.failed() || !std::equal(magic.begin(), magic.end(), kMagic) || major < 1 ||
      major > 3) {
    return bad("not an .npy array");
  }
  const std::string header = read_text(reader, header_size);
  if (reader.failed()) return bad("the header is cut");
  NpyArray array;
  array.type = entry_of(header, "descr", '\'', '\'');
  if (array.type.size() < 3 || array.type.size() > 4) return bad("the type is not a plain number");
  if (header.find("'fortran_order': False") == std::string::npos) {
    return {Errc::unsupported, "an array in Fortran order; save it with np.ascontiguousarray"};
  }
  VOXPACK_TRY(parse_shape(entry_of(header, "shape", '(', ')'), array.shape));
  uint64_t left = reader.left();  // must be the product of shape and item size
  uint64_t item = 0;
  for (const char c : array.type.substr(2)) item = item * 10 + static_cast<uint64_t>(c - '0');
  if (item != 1 && item != 2 && item != 4 && item != 8) return bad("an unknown type");
  const bool empty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
  bool fits = left % item == 0;
  left /= item;
  for (const uint64_t n : array.shape) {
    if (empty || !fits) break;
    fits = left % n == 0;
    left /= n;
  }
  if (!fits || left != (empty ? 0u : 1u)) return bad("the data is not as long as the shape says");
  const Bytes values = reader.read_bytes(reader.left());
  array.bytes.assign(values.begin(), values.end());
  return array;
}

Result<std::map<std::string, NpyArray>> load(Bytes file, const std::vector<std::string>& wanted) {
  std::map<std::string, NpyArray> arrays;
  VOXPACK_ASSIGN(const std::vector<Member> members, list_members(file));
  for (const Member& member : members) {
    for (const std::string& name : wanted) {
      if (member.name != name + ".npy") continue;
      auto data = extract(file, member).in("member " + member.name);
      if (!data.ok()) return std::move(data).error();
      auto array = parse_npy(data.value()).in("member " + member.name);
      if (!array.ok()) return std::move(array).error();
      if (!arrays.emplace(name, std::move(array).take()).second) {
        return bad("member " + member.name + " exists twice");
      }
    }
  }
  return arrays;
}

}  // namespace

Result<std::map<std::string, NpyArray>> read_npz(const std::string& path,
                                                 const std::vector<std::string>& wanted) {
  try {
    VOXPACK_ASSIGN(const MappedFile file, MappedFile::open(path));
    return load(file.bytes(), wanted).in(path);
  } catch (const std::bad_alloc&) {
    return {Errc::device, path + ": out of memory"};
  }
}

}  // namespace voxpack
