voxpack --version
