// A service that calls another one behind opossum: node breaker.js PORT UPSTREAM
const http = require("http");
const CircuitBreaker = require("opossum");

const [port, upstream] = process.argv.slice(2);

function ask() {
  return new Promise((resolve, reject) => {
    const request = http.get(`http://${upstream}/bill`, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode < 400 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
      answer.on("error", reject);
    });
    request.on("error", reject);
  });
}

const breaker = new CircuitBreaker(ask, { timeout: 3000, errorThresholdPercentage: 50, resetTimeout: 1500, volumeThreshold: 5 });
http
  .createServer((request, response) => {
    if (request.url === "/ready") return response.end("ready");
    breaker.fire().then(
      () => response.end("well"),
      (error) => response.writeHead(502).end(`billing: ${error.message}`),
    );
  })
  .listen(Number(port), "127.0.0.1");
