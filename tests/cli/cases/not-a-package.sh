echo "neither one nor the other" > in/a.vxp
voxpack info in/a.vxp
echo "code $?"
voxpack check in/a.vxp
