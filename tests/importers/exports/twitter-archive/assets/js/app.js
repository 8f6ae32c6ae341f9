window.app = function () { return "hello"; };
