"use strict";
// Plays the files beside this page, marks the sentence that is heard, and goes to one that is clicked.
// All it knows stands in the page's data attributes, in seconds of the file that a chapter is heard in.
(() => {
  const audio = document.querySelector("audio");
  const bar = document.querySelector(".bar");
  const heading = bar.querySelector(".now-playing");
  const chapters = [...document.querySelectorAll("tr.chapter")].map((row) => {
    const text = document.getElementById(row.dataset.text);
    const sentences = text ? [...text.querySelectorAll("span")] : [];
    return {
      row, text, sentences, src: row.dataset.src, title: row.dataset.title,
      start: Number(row.dataset.start), length: Number(row.dataset.length),
      times: sentences.map((one) => Number(one.dataset.t)),
      slider: row.querySelector("input"), wave: row.querySelector(".wave"),
    };
  });
  let playing = null;
  let marked = null;

  // the last of some rising numbers that is not above x; -1 if all are
  const lastUpTo = (numbers, x) => {
    let low = 0, high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle] <= x) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const two = (number) => String(number).padStart(2, "0");
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };

  const choose = (chapter) => {
    if (playing === chapter) return;
    if (playing) playing.row.classList.remove("playing", "sounding");
    playing = chapter;
    chapter.row.classList.add("playing");
    heading.textContent = chapter.title;
    bar.hidden = false;
  };
  const seek = (chapter, seconds) => {
    const file = new URL(chapter.src, document.baseURI).href;
    choose(chapter);
    if (audio.src !== file) {
      audio.src = file;
      audio.addEventListener("loadedmetadata", () => { audio.currentTime = seconds; show(); }, { once: true });
    } else {
      audio.currentTime = seconds;
    }
  };
  const play = (chapter, seconds) => { seek(chapter, seconds); audio.play().catch(() => {}); };

  const mark = (sentence, follow) => {
    if (sentence === marked) return;
    if (marked) { marked.classList.remove("now"); marked.removeAttribute("aria-current"); }
    marked = sentence;
    if (!sentence) return;
    sentence.classList.add("now");
    sentence.setAttribute("aria-current", "true");
    if (follow && sentence.closest("details").open) {
      const box = sentence.getBoundingClientRect();
      if (box.top < 40 || box.bottom > window.innerHeight - bar.offsetHeight - 40)
        sentence.scrollIntoView({ block: "center" });
    }
  };
  const show = () => {
    if (!playing) return;
    const now = audio.currentTime;
    const alike = chapters.filter((one) => one.src === playing.src);
    choose(alike[Math.max(0, lastUpTo(alike.map((one) => one.start), now + 0.001))]);
    const at = now - playing.start;
    playing.wave.style.setProperty("--done", `${Math.min(100, (100 * at) / playing.length)}%`);
    if (document.activeElement !== playing.slider || !audio.paused) playing.slider.value = at;
    playing.slider.setAttribute("aria-valuetext", `${clock(at)} of ${clock(playing.length)}`);
    mark(playing.sentences[lastUpTo(playing.times, now + 0.02)] || null, !audio.paused);
  };
  const step = (by) => {
    if (!playing || !playing.times.length) return;
    const to = lastUpTo(playing.times, audio.currentTime + 0.02) + by;
    const times = playing.times;
    play(playing, times[Math.min(times.length - 1, Math.max(0, to))]);
  };

  audio.addEventListener("timeupdate", show);
  audio.addEventListener("seeked", show);
  for (const name of ["play", "pause", "ended"])
    audio.addEventListener(name, () => playing && playing.row.classList.toggle("sounding", !audio.paused));
  audio.addEventListener("error", () => { heading.textContent = `${playing.src} cannot be played here`; });
  audio.addEventListener("ended", () => {
    const next = chapters[chapters.indexOf(playing) + 1];
    if (next) play(next, next.start);
  });
  for (const chapter of chapters) {
    chapter.row.querySelector("button").addEventListener("click", () => {
      if (playing === chapter && !audio.paused) audio.pause();
      else if (playing === chapter) audio.play().catch(() => {});
      else play(chapter, chapter.start);
    });
    chapter.slider.addEventListener("input", () => {
      const at = chapter.start + Number(chapter.slider.value);
      if (playing === chapter) seek(chapter, at); else play(chapter, at);
    });
  }
  document.addEventListener("click", (event) => {
    const sentence = event.target.closest(".text span");
    const link = event.target.closest("a[data-chapter]");
    if (sentence) {
      const chapter = chapters.find((one) => one.text === sentence.closest(".text"));
      play(chapter, Number(sentence.dataset.t));
    } else if (link) {
      const chapter = chapters[Number(link.dataset.chapter)];
      event.preventDefault();
      play(chapter, link.dataset.t ? Number(link.dataset.t) : chapter.start);
    }
  });
  bar.querySelector(".back").addEventListener("click", () => step(-1));
  bar.querySelector(".on").addEventListener("click", () => step(1));
  bar.querySelector("select").addEventListener("change", (event) => {
    audio.playbackRate = audio.defaultPlaybackRate = Number(event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, audio") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") step(-1);
    if (event.key === "k") step(1);
  });
  document.body.classList.remove("no-script");
})();
