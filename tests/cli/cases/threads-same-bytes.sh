make_inputs good in/data
cd in
for n in 1 2 3; do
  voxpack compress data -o $n.vxp --save-field $n.safetensors --resolution 40 --iterations 12 \
    --refine-iterations 4 --target-size 40kB --threads $n -q
done
cmp 1.safetensors 2.safetensors && cmp 1.safetensors 3.safetensors && echo "same field"
cmp 1.vxp 2.vxp && cmp 1.vxp 3.vxp && echo "same package"
