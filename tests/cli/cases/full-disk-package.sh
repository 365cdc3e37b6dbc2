voxpack demo --field --resolution 48 -o in/f.safetensors -q
ulimit -f 16
voxpack compress in/f.safetensors -o out.vxp --sphere-views 4 -q
