voxpack demo --field --resolution 32 -o in/f.safetensors -q
voxpack detect-high-frequency in/f.safetensors --sphere-views 3 -o in/d.safetensors --heat-map in/heat -q
ls in/heat
voxpack demo --field --resolution 36 -o in/other.safetensors -q
voxpack prune in/other.safetensors --detail in/d.safetensors -o out.safetensors -q
