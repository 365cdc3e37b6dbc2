# Where there is no CUDA device, asking for one is an error, never a silent fallback.
voxpack demo --field --resolution 32 -o in/f.safetensors -q
if voxpack doctor -q | grep -q '^CUDA *yes'; then
  echo "code 5"
  exit 0
fi
voxpack render in/f.safetensors -o pictures --orbit 1 --device cuda 2> /dev/null
echo "code $?"
