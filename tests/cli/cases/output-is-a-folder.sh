make_inputs good in/data
mkdir in/out.vxp
voxpack compress in/data -o in/out.vxp -q
