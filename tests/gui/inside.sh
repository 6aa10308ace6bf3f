#!/bin/bash
# Runs inside the Debian folder; /t holds driver.py, stochsync.zip and out/. ENGINE: the engine's Python. MODEL: a checkpoint.
set -euo pipefail
export OUT=/t/out HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 DISPLAY=:77 LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=/tmp/xdg
export BLENDER_USER_RESOURCES=/tmp/bu STOCHSYNC_ENGINE_PYTHON=$ENGINE OMP_NUM_THREADS=1
mkdir -p $OUT $BLENDER_USER_RESOURCES/config $XDG_RUNTIME_DIR; chmod 700 $XDG_RUNTIME_DIR
blender --version | head -1
blender --command extension validate /t/stochsync.zip
blender --command extension install-file -r user_default -e /t/stochsync.zip

# without a window: Blender's own command, on a file opened before it, and the operator in a script
blender -b --factory-startup --python-expr 'import bpy; bpy.data.objects["Cube"].name = "Box"; bpy.ops.wm.save_as_mainfile(filepath="/t/scene.blend")' >$OUT/save.log
blender -b /t/scene.blend --command stochsync texture --object Box --prompt "red brick" --size 64 --model "$MODEL" --save /t/out/box.blend | tee $OUT/command.log
blender -b /t/out/box.blend --python-exit-code 3 --python-expr 'import bpy; assert bpy.data.images["StochSync Box"].packed_file' >>$OUT/save.log
if blender -b /t/scene.blend --command stochsync texture --object Nobody --prompt x 2>$OUT/error.log; then echo "no exit code"; exit 1; fi
grep -q "stochsync: error: There is no object named 'Nobody'" $OUT/error.log
blender -b /t/scene.blend --python-exit-code 3 --python-expr 'import bpy; s = bpy.context.scene.stochsync; s.prompt_panorama = "forest"; s.panorama_width = 256; s.model = "'"$MODEL"'"; assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}; assert bpy.context.scene.world["stochsync"]' >$OUT/script.log 2>&1 || { cat $OUT/script.log; exit 1; }
# in German, which the wheels cannot show
blender -b /t/scene.blend --python-exit-code 3 --python-expr 'import bpy
view = bpy.context.preferences.view; view.language = "de_DE"; view.use_translate_interface = view.use_translate_tooltips = True
from bl_ext.user_default.stochsync.engine.protocol.errors import DiskFull
from bl_ext.user_default.stochsync.stochsync_addon.ui.words import words_of
word = bpy.app.translations.pgettext_iface
assert word("Generate Texture", "Operator") == "Textur erzeugen" and word("Engine Folder") == "Engine-Ordner", word("Engine Folder")
assert words_of(DiskFull("disk_full")).startswith("Der Datenträger ist voll.")' >$OUT/german.log 2>&1 || { cat $OUT/german.log; exit 1; }
if grep -lz '^serve$' /proc/[0-9]*/cmdline 2>/dev/null; then echo 'an engine outlived its Blender'; exit 1; fi

Xvfb :77 -screen 0 1600x1000x24 -nolisten tcp >$OUT/xvfb.log 2>&1 &
for i in $(seq 100); do [ -S /tmp/.X11-unix/X77 ] && break; sleep .1; done
blender --window-geometry 0 0 1600 1000 --python-use-system-env --python /t/driver.py >$OUT/gui.log 2>&1 & B=$!
wait_for() { for i in $(seq "$1"); do [ -e $OUT/ready.json ] && return 0; kill -0 $B; sleep .5; done; return 1; }
wait_for 360 || { import -window root $OUT/fail.png; exit 1; }
cat $OUT/ready.json; echo
shot() { sleep 1.5; import -window root -crop "$CROP" $OUT/$1.png; import -window root $OUT/whole_$1.png; }
run() { echo "$1" >$OUT/do.tmp; mv $OUT/do.tmp $OUT/do.py; while [ -e $OUT/do.py ]; do sleep .1; done; sleep .5; }
state() { python3 -c 'import json,sys; s=json.load(open("/t/out/state.json")); sys.exit(not eval(sys.argv[1], s))' "$1"; }
until_state() { for i in $(seq 1200); do state "$1" && return 0; kill -0 $B; sleep .25; done; echo "never: $1"; cat $OUT/state.json; import -window root $OUT/fail.png; return 1; }
read W H X Y UW UH < <(python3 -c 'import json; d=json.load(open("/t/out/ready.json")); print(*d["window"], *d["ui"])')
CROP="${UW}x620+${X}+$((H - Y - UH))"
run 'os.environ["STOCHSYNC_ENGINE_PYTHON"] = "/nowhere/python"'; shot 0_install
run 'os.environ["STOCHSYNC_ENGINE_PYTHON"] = "'"$ENGINE"'"
bpy.ops.object.select_all(action="SELECT"); bpy.ops.object.delete(); bpy.ops.mesh.primitive_monkey_add(calc_uvs=True)
bpy.context.object.data.uv_layers.remove(bpy.context.object.data.uv_layers[0])
settings.prompt_texture = "red brick wall"; settings.prompt_panorama = "a forest"; settings.texture_size = 64; settings.panorama_width = 256
settings.model = "'"$MODEL"'"
bpy.context.space_data.shading.type = "SOLID"; bpy.context.space_data.shading.color_type = "TEXTURE"
bpy.ops.ed.undo_push(message="start")'; shot 1_idle
# the Generate button, by a real click
xdotool mousemove $((X + UW/2 - 18)) $((H - Y - UH + ${BUTTON:-150})); sleep .4; xdotool mousemove $((X + UW/2 - 10)) $((H - Y - UH + ${BUTTON:-150} + 4)); sleep .8; xdotool click 1
until_state busy
until_state '"Generating" in headline'; shot 2_running
until_state 'not busy'; state 'not problem and images == ["StochSync Suzanne"] and layers == ["StochSync UV"]' || { cat $OUT/state.json; exit 1; }
xdotool mousemove 500 500; shot 3_finished
xdotool key ctrl+z; sleep 2; until_state 'not images and not layers and mode == "OBJECT"'   # one step takes all of it back
xdotool key ctrl+shift+z; sleep 2; until_state 'images and layers'
run 'bpy.ops.object.mode_set(mode="EDIT"); bpy.ops.stochsync.generate_texture()'; until_state 'busy'; until_state 'not busy'
state 'mode == "EDIT_MESH" and not problem' || { cat $OUT/state.json; exit 1; }
run 'bpy.ops.object.mode_set(mode="OBJECT"); settings.kind = "panorama"'; shot 4_panorama
run 'bpy.ops.stochsync.generate_panorama()'; until_state 'busy'; run 'bpy.ops.stochsync.cancel()'; until_state 'not busy and not problem'
run 'settings.model = "/nowhere/model"; bpy.ops.stochsync.generate_panorama()'; until_state 'problem'; shot 5_error
run 'bpy.context.preferences.view.language = "de_DE"; bpy.context.preferences.view.use_translate_interface = True'; shot 6_german
if grep -nE 'Traceback|Error:' $OUT/gui.log; then echo 'errors in the log'; exit 1; fi
xdotool key ctrl+q; sleep 1.5; kill -0 $B 2>/dev/null && run 'bpy.ops.wm.quit_blender()' || true
for i in $(seq 40); do kill -0 $B 2>/dev/null || break; sleep .5; done
wait $B || { echo "Blender ended with $?"; tail $OUT/gui.log; exit 1; }
if grep -lz '^serve$' /proc/[0-9]*/cmdline 2>/dev/null; then echo 'an engine outlived its Blender'; exit 1; fi
echo "GUI TEST OK"
