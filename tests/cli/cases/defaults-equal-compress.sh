# Without options and views too: a verb and compress share their defaults.
voxpack demo --field --resolution 48 -o in/f.safetensors -q
cd in
voxpack compress f.safetensors -o all.vxp -q
voxpack detect-high-frequency f.safetensors -o d.safetensors -q
voxpack prune f.safetensors --detail d.safetensors -o p.safetensors -q
voxpack quantize p.safetensors -o c.safetensors -q
voxpack pack c.safetensors -o one.vxp -q
cmp all.vxp one.vxp && echo "same bytes"
