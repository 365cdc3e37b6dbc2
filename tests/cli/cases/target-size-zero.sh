voxpack compress in/data -o out.vxp --target-size 0
