// The member code renews itself while it is looked at, and says so when it cannot: an old code is no code.
(function () {
  "use strict";
  var image = document.getElementById("code");
  var stale = document.getElementById("stale");
  if (!image) return;
  var refresh = Number(image.getAttribute("data-refresh-s")) * 1000;
  var valid = Number(image.getAttribute("data-valid-s")) * 1000;
  var made = Date.now();
  var asking = false;

  function show() {
    var old = Date.now() - made >= valid;
    stale.hidden = !old;
    image.className = old ? "stale" : "";
  }
  function renew() {
    if (asking || document.hidden) return;
    asking = true;
    var next = new Image();
    var began = Date.now();
    next.onload = function () { asking = false; made = began; image.src = next.src; show(); };
    next.onerror = function () { asking = false; show(); };
    next.src = "/me/code.svg?" + began;
  }
  function look() {
    if (Date.now() - made >= refresh) renew();
    show();
  }
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", look);
})();
