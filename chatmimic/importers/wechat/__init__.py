"""WeChat and QQ, as exported by several programs."""
