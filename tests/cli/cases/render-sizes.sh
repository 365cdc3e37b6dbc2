voxpack demo --field --resolution 32 -o in/f.safetensors -q
voxpack render in/f.safetensors -o in/p --orbit 2 --size 31x17 --background transparent -q
ls in/p
python3 - <<'P'
import struct
print(struct.unpack(">IIBB", open("in/p/orbit_001.png", "rb").read()[16:26]))
P
voxpack render in/f.safetensors -o pictures --size 0x5
echo "code $?"
voxpack render in/f.safetensors -o pictures --orbit 2 --views in/f.safetensors
voxpack render in/f.safetensors -o in/t --turntable 3 --size 20x10 --format webp --poster -q
ls in/t && head -c 4 in/t/frame_0002.webp && echo
voxpack render in/f.safetensors -o in/o --orbit 0 --poster --size 20x10 -q && ls in/o
voxpack render in/f.safetensors -o pictures --turntable 3 --orbit 2
