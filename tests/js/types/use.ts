/** Compiled, never run: code as an application writes it has the types that jmessage.d.ts says. */

import { JMessage, type Message } from "../../../static/sdk/jmessage.js";

export async function use(payload: { appkey: string; random_str: string; timestamp: number; signature: string }) {
  const jim = new JMessage({ address: "wss://im.example.com", signature: async () => payload });
  jim.onMsgReceive(({ messages }) => messages.map((message: Message) => message.content.msg_body));
  await jim.init({ ...payload, flag: 1 });
  const { online_list: devices } = await jim.login({ username: "alice", password: "secret" });
  const first: string | undefined = devices[0]?.platform;
  jim.sendSingleMsg({ target_username: "bobby", content: "hi", extras: { k: 1 } })
    .onSuccess((data, message) => console.log(data.msg_id + 1, message.content.msg_type))
    .onFail(({ code, message }) => console.log(code + 1, message.length))
    .onTimeout(({ response_timeout: late }) => console.log(late === true))
    .onAck(({ rid }) => console.log(rid + 1));
  const { msg } = await jim.sendGroupMsg({ target_gid: "12", at_list: [] });
  await jim.sendSinglePic({ target_username: "bobby", image: new Blob() }, { onProgress: (share) => share + 1, signal: new AbortController().signal });
  const { msg_ids: ids } = await jim.addGroupReceiptReport({ gid: 12, msg_ids: [msg.msg_id] });
  const count: number = jim.getUnreadMsgCnt({ gid: 12 });
  // @ts-expect-error: neither content nor msg_body
  jim.sendSingleMsg({ target_username: "bobby" });
  // @ts-expect-error: no such platform
  jim.transPlatMsg({ platform: "toaster", cmd: "go" });
  return [first, ids.length, count];
}
