"""The wording of every error, by the class that is raised with it (errors.py), then by code. See wording.py for rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .wording import Wording

INVALID_PARAMETER = {
    "value_type": Wording("{name} = {value}: it must be of type {type}."),
    "value_infinite": Wording("{name} = {value}: it must be a finite number."),
    "value_choice": Wording("{name} = {value}: it must be one of {choices}."),
    "value_range": Wording("{name} = {value}: it must lie between {low} and {high}."),
    "value_multiple": Wording("{name} = {value}: it must be a multiple of {multiple}."),
    "params_not_object": Wording("{owner} must be an object with named values, not {value}."),
    "params_unknown": Wording("{owner} has no parameter named {names}."),
    "params_absent": Wording("{owner} needs {names}."),
    "prompt_empty": Wording("The prompt is empty:", "describe what you want to see."),
    "text_surrogates": Wording("The {name} holds characters that are no text (lone surrogates)."),
    "text_too_long": Wording("The {name} has {length} characters: {limit} is the most."),
    "t_stop_too_high": Wording("t_stop = {t_stop}: it must lie below t_start = {t_start}."),
    "guidance_interval": Wording("guidance_t_min = {t_min}: it must not lie above guidance_t_max = {t_max}."),
    "new_views_need_stochasticity": Wording(
        "non_overlapping = True needs max_stochasticity: with other views every step there "
        "is no noise estimate to carry over (section 7.1.2)."
    ),
    "coarse_needs_stochasticity": Wording(
        "coarse_steps = {coarse_steps} needs max_stochasticity: the noise that is carried over would have another size."
    ),
    "coarse_steps_range": Wording(
        "coarse_steps = {coarse_steps}: it must hold the warm-up ({warmup}) and leave steps before the border steps ({borders})."
    ),
    "coarse_resolution_range": Wording("coarse_resolution = {coarse}: it must not lie above view_resolution = {full}."),
    "outer_steps_too_few": Wording("warmup + blend_steps = {needed}: outer_steps is only {outer_steps}."),
    "coarse_leaves_too_few": Wording(
        "coarse_steps = {coarse_steps}: of {outer_steps} outer steps it must leave one at full size "
        "for each of the {sets} view sets."
    ),
    "preset_unknown": Wording("preset = {preset}: it must be one of {known} here."),
    "job_unknown_keys": Wording("{path} has the unknown key {keys}."),
    "device_unusable": Wording(
        "device = {device}: this machine's torch {torch} cannot use it;", "choose auto.", fix="open_preferences"
    ),
    "precision_unknown": Wording("precision = {precision}: it must be one of {known}."),
    "view_size_unfit": Wording(
        "Views of {view_resolution} pixels do not fit this model, which takes multiples of {multiple} pixels:",
        "try {below} or {above}.",
    ),
    "catalogue_source": Wording("id = {id}: it must read owner/name."),
    "catalogue_revision": Wording("revision = {revision}: pinned means a full commit hash."),
    "catalogue_pair": Wording("{model}: controlnet = {controlnet} does not fit it or does not exist."),
    "catalogue_presets": Wording("{model}: auto must have the tables {needed}."),
    "catalogue_number": Wording("{model}: {name} must be a number with a decimal point."),
}

INVALID_JOB = {
    "kind_unknown": Wording("A job of kind {kind} is not known; it must be one of {known}."),
    "kind_mismatch": Wording("A {kind} job needs {needed}."),
    "mesh_needed": Wording("A {kind} job needs a mesh."),
    "mesh_not_needed": Wording("A {kind} job has no mesh."),
    "job_missing": Wording("There is no job in {folder}: job.json is missing."),
    "job_too_large": Wording("{path} is too large to be a job."),
    "job_unreadable": Wording("{path} cannot be read as a job: {reason}."),
    "job_not_object": Wording("{path} does not hold a job."),
    "job_format": Wording("{path} was written by another version of StochSync; this one reads format {format}."),
    "job_kind_unknown": Wording("{path}: a job of kind {kind} is not known."),
    "job_versions": Wording("{path}: 'versions' must map names to texts and 'created' be a text."),
    "picture_unreadable": Wording("The finished picture {path} cannot be read: {reason}"),
    "picture_damaged": Wording("The finished picture {path} is damaged.", "Run the job again."),
    "scene_gone": Wording("The scene '{scene}' is gone;", "the finished picture is {path}."),
}

INVALID_MESH = {
    "mesh_array_type": Wording("The mesh array '{name}' holds {found}, not {wanted}."),
    "mesh_array_shape": Wording("The mesh array '{name}' has the shape {found}, not {wanted}."),
    "mesh_no_faces": Wording("The mesh has no faces:", "there is nothing to texture.", fix="select_mesh"),
    "mesh_vertex_missing": Wording("The mesh is broken: a face names a vertex that does not exist.", fix="select_mesh"),
    "mesh_not_finite": Wording("The mesh is broken: some vertices have no valid position (NaN or infinite).", fix="select_mesh"),
    "mesh_no_extent": Wording("The mesh has no extent: all its vertices are in one place.", fix="select_mesh"),
    "uv_count": Wording("The mesh has {faces} triangles but UVs for {uvs}.", "Unwrap it again.", fix="unwrap"),
    "uv_not_finite": Wording(
        "The UV map is broken: some coordinates are NaN or infinite.", "Unwrap the mesh again.", fix="unwrap"
    ),
    "uv_too_far": Wording("The UV map is broken: some coordinates lie beyond {limit}.", "Unwrap the mesh again.", fix="unwrap"),
    "uv_empty": Wording("The UV map is empty: its faces have no area.", "Unwrap the mesh first.", fix="unwrap"),
    "mesh_missing": Wording("The job in {folder} has no mesh.npz."),
    "mesh_unreadable": Wording("{path} cannot be read: {reason}."),
    "mesh_arrays": Wording("{path} lacks {absent} and has unknown arrays {unknown}."),
    "mesh_file_type": Wording("{name} is not a mesh file that can be read;", "use {known}."),
    "mesh_file_missing": Wording("There is no file {path}."),
    "mesh_file_unreadable": Wording("{name} cannot be read as a mesh: {reason}."),
    "mesh_file_no_faces": Wording("{name} has no faces: there is nothing to texture."),
    "nothing_selected": Wording("Nothing is selected:", "select the mesh to texture.", fix="select_mesh"),
    "object_unknown": Wording("There is no object named '{name}' in the scene;", "its meshes: {known}."),
    "object_not_mesh": Wording(
        "'{name}' is not a mesh but of type {type}:", "select a mesh, or use Object > Convert > Mesh.", fix="select_mesh"
    ),
    "object_hidden": Wording("'{name}' is hidden:", "unhide it first (Alt H).", fix="select_mesh"),
    "object_linked": Wording(
        "'{name}' is linked from another file:",
        "make it local first (Object > Relations > Make Local > Selected Objects and Data).",
        fix="select_mesh",
    ),
    "object_no_faces": Wording("'{name}' has no faces:", "there is nothing to texture.", fix="select_mesh"),
    "object_nothing_to_unwrap": Wording(
        "'{name}' has neither UVs nor faces to unwrap:", "apply its modifiers, or model some faces.", fix="select_mesh"
    ),
    "uv_layer_dropped": Wording(
        "A modifier of '{name}' drops its UV layer '{layer}':", "apply or disable that modifier.", fix="select_mesh"
    ),
    "uv_layers_full": Wording("The mesh '{name}' has no room for another UV layer.", "Remove one that is not used."),
    "object_gone": Wording("'{name}' was renamed or deleted meanwhile;", "the finished texture is {path}."),
    "object_edited": Wording(
        "'{name}' was edited meanwhile, so that its new UVs no longer fit;", "the finished texture is {path}."
    ),
    "uv_layer_gone": Wording("The UV layer '{layer}' of '{name}' is gone;", "the finished texture is {path}."),
    "uv_layers_full_after": Wording("'{name}' has no room for another UV layer;", "the finished texture is {path}."),
}

MODEL_UNAVAILABLE = {
    "model_unknown": Wording(
        "There is no model named {model}, and no diffusers folder (with model_index.json) of that path.",
        "Known: {known}.",
        fix="choose_model",
    ),
    "model_missing": Wording(
        "{label} is not on this machine ({folder}), and downloads are not allowed.",
        "It is {gigabytes:.1f} GB.",
        fix="allow_online",
    ),
    "model_not_writable": Wording(
        "{label} cannot be written to {folder}: {reason}.", "Choose another model folder.", fix="open_preferences"
    ),
    "model_not_downloaded": Wording(
        "{label} could not be downloaded. Tried {tried}.",
        "If you have it, put its files into {folder}, or give the path of its folder as the model.",
        fix="choose_model",
    ),
    "model_no_depth": Wording(
        "The model {model} has no depth ControlNet, and a texture needs one:",
        "put it into the folder controlnet inside the model, or choose another model.",
        fix="choose_model",
    ),
    "model_folder_missing": Wording("There is no model folder {folder}.", fix="choose_model"),
    "controlnet_folder_missing": Wording("There is no ControlNet folder {folder}.", fix="choose_model"),
    "model_file_missing": Wording("The model is incomplete: {path} is missing.", fix="choose_model"),
    "model_file_unreadable": Wording("The model file {path} cannot be read: {reason}.", fix="choose_model"),
    "model_file_not_object": Wording("The model file {path} does not hold a JSON object.", fix="choose_model"),
    "model_file_damaged": Wording(
        "The model file {path} is damaged: {reason}.", "Delete it and fetch it again.", fix="choose_model"
    ),
    "model_file_cut_off": Wording(
        "The model file {path} is damaged: its header is cut off.", "Delete it and fetch it again.", fix="choose_model"
    ),
    "model_file_size": Wording(
        "The model file {path} is damaged: it has {size} bytes and should have {wanted}.",
        "Delete it and fetch it again.",
        fix="choose_model",
    ),
    "model_part_unloadable": Wording("The model part {folder} cannot be loaded: {reason}.", fix="choose_model"),
    "model_weights_strange": Wording(
        "The weights in {folder} do not belong to its config.json: {count} are missing, the first is {first}.", fix="choose_model"
    ),
    "unet_no_size": Wording(
        "The UNet in {folder} does not say which (square) size it was trained at:",
        "unet/config.json needs a number sample_size.",
        fix="choose_model",
    ),
    "unet_channels": Wording(
        "The UNet in {folder} takes {unet} channels and its VAE makes {vae}:",
        "inpainting, depth and upscaling checkpoints cannot be used.",
        fix="choose_model",
    ),
    "text_width": Wording(
        "The UNet in {folder} reads text embeddings of width {unet}, its text encoder makes {encoder}.", fix="choose_model"
    ),
    "controlnet_width": Wording(
        "The ControlNet {controlnet} (text width {theirs}) does not fit the model {folder} (text width "
        "{ours}): they come from different families.",
        fix="choose_model",
    ),
    "controlnet_blocks": Wording(
        "The ControlNet {controlnet} (blocks {theirs}) does not fit the model {folder} (blocks {ours}).", fix="choose_model"
    ),
}

OUT_OF_MEMORY = {
    "out_of_memory": Wording(
        "There is not enough memory for this job.", "Choose a smaller size, or close other programs.", fix="lower_size"
    ),
    "memory_for_view": Wording(
        "Not even one view fits into memory ({reason}).", "Close other programs, or choose a smaller model.", fix="free_memory"
    ),
    "memory_for_model": Wording(
        "The model needs {needed:.1f} GB and {device} has {free:.1f} GB free.",
        "Close other programs, or choose a smaller model.",
        fix="free_memory",
    ),
    "memory_to_load": Wording(
        "There is not enough memory to load {folder}.", "Close other programs, or choose a smaller model.", fix="free_memory"
    ),
}

DISK_FULL = {
    "disk_full": Wording("The disk is full.", "Free some space where the job folder lies."),
    "disk_full_file": Wording("The disk is full: {name} could not be written to {folder}.", "Free some space there."),
    "disk_full_download": Wording(
        "The disk of {folder} is full; {label} needs {gigabytes:.1f} GB.",
        "What has been fetched is kept.",
        fix="open_preferences",
    ),
    "disk_too_small": Wording(
        "{label} needs {needed:.1f} GB and the disk of {folder} has {free:.1f} GB free.",
        "Free some space, or choose another model folder.",
        fix="open_preferences",
    ),
}

BAD_RESULT = {
    "result_not_finite": Wording("The model gave no picture: its numbers overflowed (NaN).", fix="choose_model"),
    "result_flat": Wording("The model gave one flat colour instead of a picture.", fix="choose_model"),
}

ENGINE_UNAVAILABLE = {
    "engine_not_installed": Wording("The engine is not installed yet:", "press Install Engine.", fix="install_engine"),
    "engine_not_started": Wording(
        "The engine could not be started: {reason}.", "Install the engine again.", fix="install_engine"
    ),
    "engine_killed_early": Wording(
        "The engine was killed (SIGKILL) before it was ready, which the system does when memory runs out.",
        "Close other programs, or install the engine again. Its log is {log}.",
        fix="install_engine",
    ),
    "engine_ended_early": Wording(
        "The engine ended before it was ready ({how}).", "Install the engine again. Its log is {log}.", fix="install_engine"
    ),
    "engine_ended_early_saying": Wording(
        "The engine ended before it was ready ({how}: {last_line}).",
        "Install the engine again. Its log is {log}.",
        fix="install_engine",
    ),
    "engine_no_answer": Wording(
        "The engine did not answer within {seconds:.0f} s.",
        "Try again; if it stays silent, install it again. Its log is {log}.",
        fix="install_engine",
    ),
    "libraries_incomplete": Wording(
        "The engine's libraries are not complete ({reason}).", "Install the engine again.", fix="install_engine"
    ),
    "install_needs_online": Wording(
        "Installing needs online access:", "allow it in Preferences > System > Network.", fix="allow_online"
    ),
    "installer_not_started": Wording(
        "The installer could not be started in {folder}: {reason}.",
        "Choose another engine folder in the preferences.",
        fix="open_preferences",
    ),
    "installer_failed": Wording("{cause}", "{advice}", fix="install_engine"),
    "installer_ended": Wording("The installer ended with code {exit_code};", "{log} tells more.", fix="open_log"),
}

ENGINE_DIED = {
    "engine_killed": Wording(
        "The engine was killed (SIGKILL), which the system does when memory runs out.",
        "Start it again; if this comes back, choose a smaller size. Its log is {log}.",
        fix="restart_engine",
    ),
    "engine_crashed": Wording(
        "The engine ended unexpectedly ({how}).",
        "Start it again; if this comes back, choose a smaller size. Its log is {log}.",
        fix="restart_engine",
    ),
    "engine_silent": Wording(
        "The engine has been silent for {seconds:.0f} s and was ended.",
        "Start it again; if this comes back, choose a smaller size. Its log is {log}.",
        fix="restart_engine",
    ),
}

PROTOCOL_ERROR = {
    "message_too_long": Wording("A message of {size} bytes is over the limit of {limit}.", fix="restart_engine"),
    "message_unreadable": Wording("The other side sent something that is no message: {reason}.", fix="restart_engine"),
    "message_unknown": Wording(
        "The other side sent an unknown type of message, as another version would.",
        "Install the engine again.",
        fix="install_engine",
    ),
    "message_keys": Wording("A {type} message lacks {missing} and has unknown keys {unknown}.", fix="install_engine"),
    "message_value": Wording("{owner}.{name} should be {type}, not {value}.", fix="install_engine"),
    "message_facts": Wording("A {type} message cannot be worded: {reason}.", fix="install_engine"),
    "message_not_for_engine": Wording("The engine takes no {type} message.", fix="restart_engine"),
    "message_not_from_engine": Wording("The engine sent a {type} message, which only the add-on may send.", fix="install_engine"),
    "frame_length": Wording("The other side announced a message of {length} bytes.", fix="restart_engine"),
    "no_hello": Wording(
        "The engine did not say hello first; it is of another version.", "Install the engine again.", fix="install_engine"
    ),
    "version_mismatch": Wording(
        "The engine speaks version {engine} of the protocol, this add-on version {addon}.",
        "Install the engine again.",
        fix="install_engine",
    ),
    "engine_unproven": Wording("Something that is not our engine answered.", fix="restart_engine"),
    "addon_unproven": Wording("The side that asked for the engine does not hold its key.", fix="restart_engine"),
    "key_missing": Wording("The first line of stdin holds no key; this command is for the add-on.", fix="install_engine"),
    "address_malformed": Wording("{address} is no address; this command is for the add-on.", fix="install_engine"),
}

CANCELLED = {"cancelled": Wording("Cancelled.")}

BUSY = {
    "engine_busy": Wording("Another job is running:", "wait for it, or cancel it."),
    "addon_busy": Wording("StochSync is at work already:", "wait for it, or cancel it."),
}

INTERNAL_ERROR = {
    "failure_unknown": Wording("The engine failed in a way it does not know ({type}: {reason}).", fix="open_log"),
    "failure_logged": Wording(
        "The engine failed in a way it does not know ({type}: {reason}).", "The log {log} tells more.", fix="open_log"
    ),
    "no_result": Wording("The job ended without a result.", fix="open_log"),
    "result_not_applied": Wording("The result could not be put into the scene: {reason}", fix="open_log"),
}

CLASSES: Mapping[str, Mapping[str, Wording]] = MappingProxyType(
    {
        "InvalidParameter": INVALID_PARAMETER,
        "InvalidJob": INVALID_JOB,
        "InvalidMesh": INVALID_MESH,
        "ModelUnavailable": MODEL_UNAVAILABLE,
        "OutOfMemory": OUT_OF_MEMORY,
        "DiskFull": DISK_FULL,
        "BadResult": BAD_RESULT,
        "EngineUnavailable": ENGINE_UNAVAILABLE,
        "EngineDied": ENGINE_DIED,
        "ProtocolError": PROTOCOL_ERROR,
        "Cancelled": CANCELLED,
        "Busy": BUSY,
        "InternalError": INTERNAL_ERROR,
    }
)
"""Name of an error class -> the rows that it may be raised with."""

ERRORS: Mapping[str, Wording] = MappingProxyType({code: row for rows in CLASSES.values() for code, row in rows.items()})
"""All rows by code, which no two classes share."""
