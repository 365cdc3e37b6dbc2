# --save-views: photo, drawing and difference side by side; figures on stderr and in the report.
make_inputs good in/data
cd in
voxpack bake data -o out.safetensors --resolution 40 --iterations 60 --save-views --report r.json \
  2> log
echo "code $?"
grep -c 'test views, PSNR [0-9.]* dB, worst [0-9.]* dB' log
ls out_views
python3 - <<'P'
import json, struct
r = json.load(open("r.json"))
print([stage["name"] for stage in r["stages"]])
print([sorted(level) for level in r["levels"]])
print(r["train_psnr_db"] > 20, r["psnr_mean_db"] > 20, len(r["views"]), r["point_count"] > 1000)
print(sum(level["seconds"] for level in r["levels"]) <= r["seconds"])
print(struct.unpack(">II", open("out_views/r_0.png", "rb").read()[16:24]))
P
voxpack evaluate out.safetensors --views data --report e.json --save-views drawn -q > /dev/null
python3 - <<'P'
import struct, zlib
def rows(path):
    """Rows of an 8-bit RGB or RGBA PNG, over white."""
    data, at, packed = open(path, "rb").read(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            packed += body
        at += size + 12
    n = 4 if colour == 6 else 3
    raw, last, out = zlib.decompress(packed), [0] * (width * n), []
    for y in range(height):
        line = list(raw[y * (width * n + 1):(y + 1) * (width * n + 1)])
        filtered, line = line[0], line[1:]
        for i in range(width * n):
            a, b, c = (line[i - n] if i >= n else 0), last[i], (last[i - n] if i >= n else 0)
            p = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, p)[filtered]) % 256
        last = line
        out.append(line if n == 3 else
                   [round(line[k * 4 + c] * line[k * 4 + 3] / 255 + 255 - line[k * 4 + 3])
                    for k in range(width) for c in range(3)])
    return out
strip, photo, drawn = rows("out_views/r_1.png"), rows("data/test/r_1.png"), rows("drawn/r_1.png")
print([line[:300] for line in strip] == photo, [line[300:600] for line in strip] == drawn)
print(all(d == min(255, 4 * abs(a - b)) for line in strip
          for a, b, d in zip(line[:300], line[300:600], line[600:])))
P
python3 -c 'import json; print(json.load(open("e.json"))["psnr_mean_db"] == json.load(open("r.json"))["psnr_mean_db"])'
# Without a test split, every 8th of the 12 views is one.
rm -r out* data/transforms_test.json
voxpack bake data -o out.safetensors --resolution 32 --iterations 10 --save-views 2>&1 |
  grep -c '2 test views, PSNR'
ls out_views
# A folder that cannot be made stops the command before the work.
rm -r out*
printf x > out_views
voxpack bake data -o out.safetensors --save-views
