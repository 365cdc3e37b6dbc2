# Results on stdout, talk on stderr; -q leaves stderr empty.
voxpack demo --field --resolution 32 -o in/f.safetensors 2> /dev/null
voxpack info in/f.safetensors -q 2> in/talk > in/result
wc -c < in/talk
[ -s in/result ] && echo "a result"
