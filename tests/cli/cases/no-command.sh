voxpack
