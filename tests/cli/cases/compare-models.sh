voxpack demo --field --resolution 48 -o in/f.safetensors -q
cd in
voxpack compare f.safetensors f.safetensors --orbit 2 -q --min-psnr 100 > same
echo "code $?"
grep PSNR same | head -n 2
voxpack compress f.safetensors -o f.vxp --sphere-views 4 --target-size 20kB -q
voxpack compare f.safetensors f.vxp --orbit 2 -q --min-psnr 90 > differ 2> error
echo "code $?"
grep -o 'below the limit of 90.00 dB' error
voxpack compare f.safetensors f.vxp --orbit 2 -q --max-size 10kB > differ 2> error
echo "code $?"
grep -o 'above the limit of 10 000' error
