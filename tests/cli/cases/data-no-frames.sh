make_inputs no-frames in/data
voxpack compress in/data -o out.vxp --save-field out.safetensors --report out.json --resolution 48 -q
