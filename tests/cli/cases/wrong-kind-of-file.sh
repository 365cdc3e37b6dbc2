voxpack demo --field --resolution 48 -o in/f.safetensors -q
voxpack compress in/f.safetensors -o in/f.vxp --sphere-views 4 --target-size 200kB -q
voxpack quantize in/f.vxp -o out.safetensors
echo "code $?"
voxpack unpack in/f.safetensors -o out.safetensors
echo "code $?"
voxpack prune in/f.safetensors --detail in/f.safetensors -o out.safetensors -q 2> in/error
echo "code $?"
