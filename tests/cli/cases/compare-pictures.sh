make_inputs picture in/a.png
voxpack compare in/a.png in/a.png
echo "code $?"
head -c 60 in/a.png > in/short.png
voxpack compare in/a.png in/short.png > in/table 2> in/error
echo "code $?"
wc -l < in/error
