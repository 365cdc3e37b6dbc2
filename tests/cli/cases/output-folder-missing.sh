make_inputs good in/data
voxpack compress in/data -o no/such/folder/out.vxp -q
