: > in/a.vxp
voxpack info in/a.vxp
