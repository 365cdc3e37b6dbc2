voxpack compress in/nothing -o out.vxp -q
