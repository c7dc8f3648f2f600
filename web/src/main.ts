import "maplibre-gl/dist/maplibre-gl.css";
import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { languageOf } from "./locale/words";
import { Page } from "./state/page";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element with id app");
mount(App, { target, props: { page: new Page(location.hash, languageOf(navigator.languages)) } });
