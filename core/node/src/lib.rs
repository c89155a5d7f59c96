//! LightNode and HeavyNode: the ribs composed into one machine
