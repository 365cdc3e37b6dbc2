voxpack demo --field --resolution 48 -o in/f.safetensors -q
ulimit -f 4
voxpack render in/f.safetensors -o pictures --orbit 3 --size 200x200 -q
