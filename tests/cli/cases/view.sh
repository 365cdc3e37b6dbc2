voxpack demo --field --resolution 32 -o in/f.safetensors -q
voxpack compress in/f.safetensors -o in/p.vxp --target-points 2000 -q
voxpack view in/p.vxp -o in/p.html -q && grep -c '<voxpack-viewer src="#package" alt="p">' in/p.html
head -c 1000 in/p.vxp > in/cut.vxp
voxpack view in/cut.vxp -o cut.html
echo "code $?"
voxpack view in/none.vxp -o none.html
echo "code $?"
voxpack view in/p.vxp
echo "code $?"
voxpack view in/p.vxp -o in/no/folder.html
echo "code $?"
voxpack view in/p.vxp -o p.html --serve 8000
