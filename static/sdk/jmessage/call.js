import { Lost, NoAnswer, Refusal } from "../core/errors.js";
import { MISSING, TIMED_OUT } from "./codes.js";

/** What onFail gets: the server's whole answer, or {code, message}. */
function failureOf(error) {
  if (error instanceof Refusal) return { code: error.code, message: error.message, ...error.answer };
  if (error instanceof Lost || error instanceof NoAnswer) return { code: TIMED_OUT, message: error.message };
  return { code: error.code > 0 && error.name !== "AbortError" ? error.code : MISSING, message: error.message };
}

/** An error of the application's own code is the application's: it must not stop ours, and must be seen. */
function run(callback, args) {
  try {
    callback(...args);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/**
 * One call of a method: the vendor's chain of four callbacks, and a promise as well.
 *
 *     jim.getGroups().onSuccess((data) => …).onFail((data) => …).onTimeout((data) => …).onAck((data) => …)
 *     const data = await jim.getGroups()
 *
 * The promise rejects with an Error that has `code`. It gives what onSuccess gets first, with what onSuccess gets
 * second as a member of it: `msg` for sends, `msg_ids` for receipts.
 */
export class Call {
  #callbacks = { onSuccess: [], onFail: [], onTimeout: [], onAck: [] };
  #told = {};
  #promise;

  /** `work(acknowledged)` resolves to [data, second = undefined]; `second` is {name: value}. */
  constructor(work) {
    this.#promise = this.#run(work);
    this.#promise.catch(() => {}); // who registered callbacks only has asked for no promise
  }

  onSuccess(callback) {
    return this.#on("onSuccess", callback);
  }

  onFail(callback) {
    return this.#on("onFail", callback);
  }

  onTimeout(callback) {
    return this.#on("onTimeout", callback);
  }

  onAck(callback) {
    return this.#on("onAck", callback);
  }

  then(succeeded, failed) {
    return this.#promise.then(succeeded, failed);
  }

  catch(failed) {
    return this.#promise.catch(failed);
  }

  finally(finished) {
    return this.#promise.finally(finished);
  }

  async #run(work) {
    try {
      const [data, second = {}] = await work((acknowledgement) => this.#tell("onAck", acknowledgement));
      this.#tell("onSuccess", data, ...Object.values(second));
      return Object.keys(second).length ? { ...data, ...second } : data;
    } catch (reason) {
      const error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
      this.#failed(error);
      if (!(error instanceof DOMException)) error.code = failureOf(error).code;
      throw error;
    }
  }

  #failed(error) {
    if (error instanceof NoAnswer && error.request && this.#callbacks.onTimeout.length > 0) {
      this.#tell("onTimeout", { ...error.request, response_timeout: error.acknowledged });
    } else {
      this.#tell("onFail", failureOf(error));
    }
  }

  #on(kind, callback) {
    if (typeof callback !== "function") return this;
    this.#callbacks[kind].push(callback);
    if (kind in this.#told) queueMicrotask(() => run(callback, this.#told[kind]));
    return this;
  }

  #tell(kind, ...args) {
    this.#told[kind] = args;
    for (const callback of this.#callbacks[kind]) run(callback, args);
  }
}
