/* Search without a server: browsers start no workers from the disk, so that one runs in a hidden frame instead. */
"use strict"
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = null
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      document.body.appendChild(this.frame)
      const inside = this.frame.contentWindow
      const run = address => new Promise((done, failed) => {
        const script = inside.document.createElement("script")
        script.src = new URL(address, document.baseURI)
        script.onload = done
        script.onerror = failed
        inside.document.head.appendChild(script)
      })
      inside.importScripts = (...addresses) => addresses.reduce((before, one) => before.then(() => run(one)), Promise.resolve())
      inside.postMessage = data => {
        const event = new MessageEvent("message", { data })
        this.dispatchEvent(event)
        if (this.onmessage) this.onmessage(event)
      }
      this.ready = run(url)
    }
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }
    terminate() {
      this.frame.remove()
    }
  }
  window.Worker = window.IFrameWorker
}
