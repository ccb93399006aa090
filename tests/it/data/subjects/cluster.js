// The same server in two workers: LIMIT PORT. Each worker counts for itself.
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  process.on('SIGTERM', () => process.exit());
} else {
  require('./max.js');
}
