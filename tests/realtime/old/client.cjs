// What an unmodified socket.io-client of the vendor's time says and hears, as JSON on one line.
// node client.cjs <folder with node_modules> <url> <transports, by comma> <user> <forceBase64>
const [folder, url, transports, user, base64] = process.argv.slice(2);
const io = require(`${folder}/node_modules/socket.io-client`);

const socket = io(url, { transports: transports.split(","), reconnection: false, forceBase64: base64 === "true" });
const waiting = new Map();
const heard = { pushes: [], acks: 0, upgrades: [], pongs: 0, names: [] };
let rid = Math.floor(Math.random() * 1e9); // what a user has asked before is answered from memory

function ask(name, data = {}) {
  rid += 1;
  const own = rid;
  return new Promise((resolve) => {
    waiting.set(own, resolve);
    socket.emit(name, { ...data, rid: own });
  });
}

function until(ready) {
  return new Promise((resolve) => {
    const look = () => (ready() ? resolve() : setTimeout(look, 10));
    look();
  });
}

function answered(reply) {
  waiting.get(reply.rid)?.(reply);
}

socket.on("ack", () => (heard.acks += 1));
socket.on("pushed", ({ text }) => heard.pushes.push(text));
for (const name of ["c_init", "login", "echo", "push", "send"]) socket.on(name, answered);
socket.on("pong", () => (heard.pongs += 1));
socket.on("connect_error", (error) => fail(error));
socket.on("error", (error) => fail(error));

function fail(error) {
  console.log(JSON.stringify({ failed: String(error?.description ?? error) }));
  process.exit(1);
}

async function main() {
  const { engine } = socket.io;
  const upgraded = transports.includes("websocket") ? new Promise((resolve) => engine.on("upgrade", resolve)) : null;
  await new Promise((resolve) => socket.on("connect", resolve));
  await ask("c_init", { appkey: "a".repeat(24) });
  await ask("login", { user: Number(user) });
  // While it goes over, and behind it: nothing is lost, nothing comes twice, all in order.
  const texts = Array.from({ length: 40 }, (_, n) => `${n} hé 世界 😀 "\\n\n" ${"é".repeat(n * 50)}`);
  const before = texts.map((text) => ask("echo", { text }));
  const pushed = texts.map((text) => ask("push", { topics: [`user:${user}`], text }));
  const replies = await Promise.all(before);
  await Promise.all(pushed);
  await upgraded;
  await until(() => heard.pushes.length >= texts.length);
  const late = await ask("echo", { text: "late 世界" });
  const long = await ask("echo", { text: "世".repeat(15000) });
  await until(() => heard.pongs > 0);
  console.log(
    JSON.stringify({
      same: replies.every((reply, n) => reply.echo === texts[n]),
      inOrder: heard.pushes.every((text, n) => text === texts[n]),
      pushes: heard.pushes.length,
      acks: heard.acks,
      late: late.echo,
      long: long.echo.length,
      transport: engine.transport.name,
    }),
  );
  socket.close();
}

main().catch(fail);
setTimeout(() => fail("too late"), 20000).unref();
