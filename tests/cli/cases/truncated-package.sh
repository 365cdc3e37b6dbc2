voxpack demo --field --resolution 48 -o in/f.safetensors -q
voxpack compress in/f.safetensors -o in/f.vxp --sphere-views 4 --target-size 200kB -q
head -c 1000 in/f.vxp > in/short.vxp
voxpack unpack in/short.vxp -o out.safetensors 2> in/error
code=$?
# One line, whatever the reader says.
wc -l < in/error
grep -c '^voxpack unpack: error: in/short.vxp: ' in/error
exit $code
