// An echo server whose limit is that of the HTTP server below it: LIMIT PORT. The library is ws; it does not ping by itself.
const { createServer } = require('http');
const { WebSocketServer } = require('ws');

const [limit, port] = process.argv.slice(2).map(Number);
const server = createServer();
server.maxConnections = limit;
new WebSocketServer({ server }).on('connection', socket => {
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
  socket.on('error', () => {});
});
server.listen(port, '127.0.0.1');
