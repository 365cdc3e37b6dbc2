voxpack demo --field --resolution 32 -o in/f.safetensors -q
voxpack detect-high-frequency in/f.safetensors -o in/d.safetensors --sphere-views 4 -q --device cpu
for c in both detail visibility; do
  voxpack prune in/f.safetensors --detail in/d.safetensors -o in/$c.safetensors --target-points 300 --refine-iterations 0 --criterion $c -q --device cpu && voxpack info in/$c.safetensors | grep -i -m1 point | tr -s ' '
done
cmp -s in/both.safetensors in/detail.safetensors || echo "both and detail differ"
cmp -s in/both.safetensors in/visibility.safetensors || echo "both and visibility differ"
voxpack prune in/f.safetensors --detail in/d.safetensors -o x.safetensors --criterion taste --device cpu
voxpack prune in/f.safetensors --detail in/d.safetensors -o x.safetensors --max-loss-db 1 --device cpu
voxpack detect-high-frequency in/f.safetensors -o x.safetensors --protect-box 0,0,0,1,1 --device cpu
voxpack detect-high-frequency in/f.safetensors -o x.safetensors --protect masks --device cpu
