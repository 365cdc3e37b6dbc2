make_inputs good in/data
cd in
voxpack compress data -o f.vxp --resolution 40 --iterations 15 --refine-iterations 0 \
  --target-size 100kB -q
voxpack check f.vxp --max-size 100kB -q > passed
echo "code $?"
cut -d' ' -f1 passed
voxpack check f.vxp --max-size 1kB --views data --min-psnr-mean 99 -q --report r.json > missed 2> error
echo "code $?"
cut -d' ' -f1 missed
grep -o 'error: 2 of 2 limits missed' error
grep -c '"passed": false' r.json
voxpack check f.vxp --min-psnr-mean 20
echo "code $?"
