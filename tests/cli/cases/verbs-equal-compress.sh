voxpack demo --field --resolution 64 -o in/f.safetensors -q
make_inputs good in/data
cd in
options='--pixel-stride 1 --target-points 5000 --coarsest-level 2 --refine-iterations 20'
voxpack compress f.safetensors --views data -o all.vxp --target-size 60kB $options -q
voxpack detect-high-frequency f.safetensors --views data -o d.safetensors --pixel-stride 1 -q
voxpack prune f.safetensors --detail d.safetensors --views data -o p.safetensors --target-points 5000 \
  --coarsest-level 2 --refine-iterations 20 -q
voxpack quantize p.safetensors --views data -o c.safetensors --target-size 60kB -q
voxpack pack c.safetensors -o one.vxp -q
cmp all.vxp one.vxp && echo "same bytes"
[ "$(wc -c < all.vxp)" -le 60000 ] && echo "within the budget"
