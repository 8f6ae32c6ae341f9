"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const at = (id) => document.getElementById(id);
  const sliders = ["end_bias", "temperature", "top_p"];
  let entries = []; // the conversation: sender, text, mine, stopped, sent_at
  let room = []; // those who answer beside the one who is chosen: person, mimic
  let name = ""; // of the file of this chat; "" if it is not kept
  let running = null; // the AbortController of what the server is doing
  let colours = new Map();

  // --- elements; whatever people or models wrote is text in them, never markup ---

  function element(kind, text = "", className = "") {
    const made = document.createElement(kind);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function button(text, act, className = "quiet") {
    const made = element("button", text, className);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function option(text, value = text) {
    const made = element("option", text);
    made.value = value;
    return made;
  }

  function colourOf(person) {
    if (!colours.has(person)) colours.set(person, `s${colours.size % 6}`);
    return colours.get(person);
  }

  // --- the server ---

  async function ask(path, body, method = body ? "POST" : "GET") {
    const options = { method, signal: running?.signal };
    if (body) {
      options.body = JSON.stringify(body);
      options.headers = { "Content-Type": "application/json" };
    }
    const answer = await fetch(path, options);
    if (!answer.ok) throw new Error(await reasonOf(answer));
    return answer;
  }

  async function reasonOf(answer) {
    try {
      return (await answer.json()).error.message;
    } catch {
      return `The server answered ${answer.status}.`;
    }
  }

  async function* events(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.replace(/^data: /, "");
        if (data === "[DONE]") return;
        const event = JSON.parse(data);
        if (event.error) throw new Error(event.error.message);
        yield event;
      }
    }
  }

  // Does one thing at a time; what goes wrong is said below the conversation.
  async function run(words, work) {
    if (running) return;
    running = new AbortController();
    say(words);
    enable();
    try {
      await work();
      say("");
    } catch (error) {
      const stopped = error.name === "AbortError";
      say(stopped ? "Stopped." : error.message || "The server does not answer.", !stopped);
    } finally {
      running = null;
      enable();
    }
  }

  function say(words, wrong = false) {
    at("status").textContent = words;
    at("status").className = wrong ? "wrong" : "";
  }

  function enable() {
    const busy = running !== null;
    const answered = entries.some((one) => !one.mine);
    const asked = entries.some((one) => one.mine);
    at("stop").hidden = !busy;
    at("send").hidden = busy;
    at("retry").disabled = busy || !asked;
    at("others").disabled = busy || !asked || !answered;
    at("undo").disabled = busy || !entries.length;
    const nobody = !facts.models.length;
    for (const id of ["new", "model", "you", "add", "listen"]) at(id).disabled = busy || nobody;
    at("send").disabled = nobody;
  }

  // --- who talks ---

  function chosen() {
    const [mimic, persona] = JSON.parse(at("model").value || '["",""]');
    return facts.models.find((one) => one.mimic === mimic && one.persona === persona);
  }

  function answering() {
    const model = chosen();
    return [{ person: model.persona, mimic: model.mimic }, ...room];
  }

  function fill(select, options) {
    select.replaceChildren(...options);
  }

  function takeModel(keepRoom = false) {
    const model = chosen();
    if (!model) return;
    room = keepRoom ? room.filter((one) => one.person !== model.persona) : [];
    const others = model.people.filter((person) => person !== model.persona);
    const before = at("you").value;
    fill(at("you"), [...new Set([...others, "You"])].map((one) => option(one)));
    at("you").value = keepRoom && others.includes(before) ? before : model.you;
    useUsual();
    for (const id of ["blind-test", "evaluation"]) {
      at(id).href = `/page/${id}?mimic=${encodeURIComponent(model.mimic)}`;
    }
    at("person").href = `/page/statistics?person=${encodeURIComponent(model.persona)}`;
    at("person").textContent = `Statistics of ${model.persona}`;
    showRoom();
  }

  // Everybody who may join: the people of this mimic, and those whom others imitate.
  function mayJoin() {
    const here = new Set([...answering().map((one) => one.person), at("you").value]);
    const model = chosen();
    const found = new Map(facts.models.map((one) => [one.persona, one.mimic]));
    for (const person of model.people) if (!found.has(person)) found.set(person, model.mimic);
    return [...found].filter(([person]) => !here.has(person));
  }

  function showRoom() {
    const joining = mayJoin();
    const options = joining.map(([person, mimic]) => option(person, JSON.stringify([person, mimic])));
    fill(at("add"), [option("Add somebody …", ""), ...options]);
    at("room").replaceChildren(
      ...room.map((one) => {
        const line = element("li");
        const leave = button(`${one.person} ×`, () => {
          room = room.filter((other) => other !== one);
          showRoom();
        });
        leave.setAttribute("aria-label", `Send ${one.person} away`);
        line.append(leave);
        return line;
      }),
    );
    const people = answering().map((one) => one.person);
    const listed = people.length < 3 ? people.join(" and ") : `${people[0]} and ${people.length - 1} others`;
    at("title").textContent = listed;
    document.title = `${listed} – chatmimic`;
    at("text").placeholder = `Message as ${at("you").value}`;
    at("text-label").textContent = `Message to ${listed}, as ${at("you").value}`;
    if (!entries.length) showTalk();
  }

  // --- how it writes ---

  function useUsual() {
    for (const id of sliders) at(id).value = (id === "end_bias" ? -1 : 1) * chosen()[id];
    showSliders();
  }

  function showSliders() {
    for (const id of sliders) at(`${id}_said`).textContent = Number(at(id).value).toFixed(2);
    const length = Number(at("end_bias").value);
    const said = length === 0 ? "as learnt" : length > 0 ? "longer" : "shorter";
    at("end_bias_said").textContent = said;
    at("end_bias").setAttribute("aria-valuetext", said);
  }

  function settings() {
    return Object.fromEntries(
      sliders.map((id) => [id, (id === "end_bias" ? -1 : 1) * Number(at(id).value)]),
    );
  }

  // --- the conversation on the screen ---

  function showTalk() {
    const log = at("talk");
    if (!entries.length) {
      const model = chosen();
      const empty = element("p", "", "empty");
      empty.append(
        element("b", model ? `Say something to ${model.persona}` : "There is no mimic yet"),
        model
          ? "Answers come from a model that was trained on chats. Nobody said them."
          : "Train one: chatmimic train",
      );
      log.replaceChildren(empty);
      return;
    }
    log.replaceChildren(...entries.map((entry, place) => bubbleOf(entry, place)));
    log.scrollTop = log.scrollHeight;
  }

  function bubbleOf(entry, place) {
    const before = entries[place - 1];
    const after = entries[place + 1];
    const first = before?.sender !== entry.sender || before.mine !== entry.mine;
    const last = after?.sender !== entry.sender || after.mine !== entry.mine;
    const made = element("div", "", `message${entry.mine ? " mine" : ""}`);
    if (first) made.classList.add("first");
    if (last) made.classList.add("last");
    if (first) made.append(nameOf(entry));
    else made.append(element("span", `${entry.sender}: `, "hidden"));
    const action = entry.text.startsWith("/me ");
    if (action) made.classList.add("action");
    const text = action ? `* ${entry.sender} ${entry.text.slice(4)}` : entry.text;
    const bubble = element("div", text, "bubble");
    bubble.dir = "auto";
    made.append(bubble);
    if (entry.stopped) made.append(element("p", "stopped", "note"));
    if (entry.recalled?.length) made.append(memoryOf(entry));
    return made;
  }

  function nameOf(entry) {
    const line = element("div", "", "name");
    line.append(element("bdi", entry.sender, entry.mine ? "" : colourOf(entry.sender)));
    if (!entry.mine && !entry.pasted) line.append(element("span", " · generated", "made"));
    return line;
  }

  function memoryOf(entry) {
    const made = element("details", "", "recalled");
    made.append(element("summary", `Recalled from your chats (${entry.recalled.length})`));
    for (const one of entry.recalled) {
      const line = element("p");
      line.append(element("b", `${one.sender}: `), element("bdi", one.text));
      made.append(line);
    }
    return made;
  }

  // A bubble that shows that somebody is writing, until its first words are there.
  function writing(speaker) {
    const log = at("talk");
    if (!entries.length) log.replaceChildren();
    const entry = { sender: speaker, text: "", mine: false };
    entries.push(entry);
    const made = bubbleOf(entry, entries.length - 1);
    entries.pop();
    const bubble = made.querySelector(".bubble");
    const dots = element("span", "", "typing");
    dots.setAttribute("role", "img");
    dots.setAttribute("aria-label", `${speaker} is writing`);
    dots.append(element("i"), element("i"), element("i"));
    bubble.append(dots);
    made.setAttribute("aria-busy", "true");
    log.append(made);
    log.scrollTop = log.scrollHeight;
    return bubble;
  }

  function request() {
    const kept = entries.map(({ sender, text, mine, stopped, sent_at }) => ({
      sender, text, mine, stopped: stopped === true, sent_at: sent_at ?? null,
    }));
    const keep = facts.private && at("keep").checked;
    const body = { room: answering(), you: at("you").value, entries: kept, settings: settings() };
    return { ...body, name, keep };
  }

  const waited = (seconds, signal) =>
    new Promise((done, stop) => {
      const timer = setTimeout(done, 1000 * seconds);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        stop(new DOMException("stopped", "AbortError"));
      });
    });

  async function answer(listen = false) {
    let current = null; // the message that is being written
    const { signal } = running;
    at("versions").hidden = true;
    try {
      for await (const event of events(await ask("/page/turn", { ...request(), listen }))) {
        if (event.kept !== undefined) name = event.kept || name;
        if (event.speaker !== undefined) {
          const until = performance.now() + 1000 * (at("rhythm").checked ? event.wait : 0);
          current = { ...event, text: "", until, bubble: writing(event.speaker) };
          say(`${event.speaker} is writing …`);
        } else if (event.piece !== undefined && current) {
          if (!current.text) await waited(Math.max(0, current.until - performance.now()) / 1000, signal);
          current.text += event.piece;
          current.bubble.textContent = current.text;
          at("talk").scrollTop = at("talk").scrollHeight;
        } else if (event.said) {
          entries.push({ ...event.said, recalled: current.recalled });
          current = null;
          showTalk();
        } else if (event.silent) {
          current = null;
          say("No answer.");
        }
      }
    } finally {
      if (current?.text.trim()) {
        const { speaker, text, recalled } = current;
        entries.push({ sender: speaker, text: text.trim(), mine: false, stopped: true, recalled });
        await keepNow();
      }
      showTalk();
      listChats();
    }
  }

  async function keepNow() {
    if (!facts.private || !at("keep").checked) return;
    const answer = await fetch("/page/chats", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request()),
    });
    if (answer.ok) name = (await answer.json()).kept;
  }

  // --- what can be done ---

  function lastMine() {
    return entries.findLastIndex((entry) => entry.mine);
  }

  function send() {
    const text = at("text").value.trim();
    if (!text || running || !chosen()) return;
    at("text").value = "";
    fit();
    entries.push({ sender: at("you").value, text, mine: true, sent_at: Date.now() });
    showTalk();
    run("Sent.", () => answer());
  }

  function retry() {
    if (lastMine() < 0) return;
    entries.length = lastMine() + 1;
    showTalk();
    run("Another answer …", () => answer());
  }

  function undo() {
    const place = lastMine();
    const gone = entries.splice(place < 0 ? entries.length - 1 : place);
    at("versions").hidden = true;
    if (gone[0]?.mine && !at("text").value) at("text").value = gone[0].text;
    showTalk();
    run("", async () => {
      await keepNow();
      await listChats();
    });
    at("text").focus();
  }

  function alternatives() {
    run("Writing other answers …", async () => {
      const { speaker, texts } = await (await ask("/page/alternatives", request())).json();
      const place = at("versions");
      place.replaceChildren(
        element("p", `Other answers of ${speaker}. Escape keeps the one there is.`, "note"),
        ...texts.map((text) => button(text, () => choose(speaker, text))),
      );
      place.hidden = false;
      place.querySelector("button")?.focus();
    });
  }

  function choose(speaker, text) {
    entries.length = lastMine() + 1;
    entries.push({ sender: speaker, text, mine: false, sent_at: Date.now() });
    at("versions").hidden = true;
    showTalk();
    run("", keepNow);
    at("text").focus();
  }

  function clear() {
    entries = [];
    name = "";
    at("versions").hidden = true;
    showTalk();
    enable();
  }

  function begin() {
    clear();
    say("");
    listChats();
    closeSide();
    at("text").focus();
  }

  function paste(event) {
    event.preventDefault();
    if (!chosen()) return;
    run("Reading …", async () => {
      const body = { text: at("log").value, mimic: chosen().mimic, you: at("you").value };
      const found = await (await ask("/page/paste", body)).json();
      entries = found.entries.map((entry) => ({ ...entry, pasted: true }));
      name = "";
      const { mimic, persona } = chosen();
      const others = found.people.filter((one) => one !== persona && one !== at("you").value);
      room = others.map((person) => ({ person, mimic }));
      at("log").value = "";
      showRoom();
      showTalk();
      closeSide();
      at("listen").focus();
    });
  }

  // --- chats that are kept ---

  async function listChats() {
    if (!facts.private) return;
    const answer = await fetch("/page/chats").catch(() => null); // the next message says why
    if (!answer?.ok) return;
    const { chats } = await answer.json();
    const lines = chats.map(lineOf);
    if (!lines.length) lines.push(element("li", "None yet.", "none"));
    at("chats").replaceChildren(...lines);
  }

  function lineOf(one) {
    const line = element("li");
    const open = button("", () => resume(one.name), "quiet open");
    const people = one.room.map((who) => who.person).join(", ") || one.mimic;
    const when = one.last_at ? new Date(one.last_at).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) : "";
    open.append(element("b", people), element("span", `${when} · ${one.last}`));
    if (one.name === name) open.setAttribute("aria-current", "true");
    const actions = element("div", "", "actions");
    actions.hidden = true;
    for (const kind of ["txt", "md", "json"]) {
      const link = element("a", `.${kind}`);
      link.href = `/page/chats/${encodeURIComponent(one.name)}/export?as=${kind}`;
      link.setAttribute("aria-label", `Export this chat as ${kind}`);
      link.download = "";
      actions.append(link);
    }
    actions.append(button("Delete", (event) => remove(one.name, event.target)));
    const more = button("⋯", () => {
      actions.hidden = !actions.hidden;
      more.setAttribute("aria-expanded", String(!actions.hidden));
    }, "quiet more");
    more.setAttribute("aria-label", `Export or delete the chat with ${people}`);
    more.setAttribute("aria-expanded", "false");
    line.append(open, more, actions);
    return line;
  }

  function resume(wanted) {
    run("Opening …", async () => {
      const chat = await (await ask(`/page/chats/${encodeURIComponent(wanted)}`)).json();
      const [first, ...others] = chat.room;
      const known = facts.models.find(
        (one) => one.mimic === (first?.mimic ?? chat.mimic) && (!first || one.persona === first.person),
      );
      if (!known) throw new Error(`The mimic of this chat, ${chat.mimic}, is not here.`);
      at("model").value = JSON.stringify([known.mimic, known.persona]);
      takeModel();
      room = others;
      if ([...at("you").options].some((one) => one.value === chat.you)) at("you").value = chat.you;
      entries = chat.entries;
      name = chat.name;
      at("keep").checked = true;
      showRoom();
      showTalk();
      await listChats();
      closeSide();
    });
  }

  // The first press asks, the second one deletes.
  function remove(wanted, pressed) {
    if (pressed.textContent === "Delete") {
      pressed.textContent = "Delete for good?";
      return;
    }
    run("Deleting …", async () => {
      await ask(`/page/chats/${encodeURIComponent(wanted)}`, undefined, "DELETE");
      if (name === wanted) clear();
      await listChats();
    });
  }

  // --- what is pressed ---

  function closeSide() {
    at("side").classList.remove("open");
    at("menu").setAttribute("aria-expanded", "false");
  }

  function fit() {
    at("text").style.height = "auto";
    at("text").style.height = `${at("text").scrollHeight + 2}px`;
  }

  at("menu").addEventListener("click", () => {
    const open = at("side").classList.toggle("open");
    at("menu").setAttribute("aria-expanded", String(open));
  });
  at("say").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  at("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    running?.abort();
    at("versions").hidden = true;
    closeSide();
  });
  at("text").addEventListener("input", fit);
  at("stop").addEventListener("click", () => running?.abort());
  at("retry").addEventListener("click", retry);
  at("others").addEventListener("click", alternatives);
  at("undo").addEventListener("click", undo);
  at("listen").addEventListener("click", () => run("They talk …", () => answer(true)));
  at("new").addEventListener("click", begin);
  at("paste").addEventListener("submit", paste);
  at("usual").addEventListener("click", useUsual);
  at("model").addEventListener("change", () => {
    takeModel();
    begin();
  });
  at("you").addEventListener("change", () => {
    room = room.filter((one) => one.person !== at("you").value);
    showRoom();
  });
  at("add").addEventListener("change", () => {
    if (!at("add").value) return;
    const [person, mimic] = JSON.parse(at("add").value);
    room.push({ person, mimic });
    showRoom();
  });
  for (const id of sliders) at(id).addEventListener("input", showSliders);

  for (const one of document.querySelectorAll("[data-private]")) one.hidden = !facts.private;
  takeModel();
  showTalk();
  listChats();
  enable();
})();
