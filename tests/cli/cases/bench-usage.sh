voxpack bench
voxpack bench --device cpu
voxpack bench scale --poits 3
voxpack bench scale --points 3x --device cpu
voxpack bench scale --points 6M, --device cpu
voxpack bench scale --points 2G --device cpu
voxpack bench scale --points 20k --folder missing --device cpu
