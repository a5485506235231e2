exports.isSupported = () => false;
exports.copyFile = (from, to, flags) => require('fs').promises.copyFile(from, to, flags);
