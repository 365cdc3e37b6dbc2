# Even root makes no file here.
make_inputs good in/data
voxpack compress in/data -o /proc/out.vxp -q
