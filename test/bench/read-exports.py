"""Opens exports with tools that gloss did not write, and compares what they read.

python3 test/bench/read-exports.py huggingface FOLDER    datasets, duckdb, pandas, pyarrow
python3 test/bench/read-exports.py sae-dashboard FOLDER  the classes of the package sae-dashboard (SAE_DASHBOARD: its
                                                         unpacked wheel; nothing else of it is imported)
python3 test/bench/read-exports.py spreadsheet FOLDER    LibreOffice opens every CSV file; cells are compared (openpyxl)
"""

import collections, csv, glob, importlib.util, json, os, subprocess, sys, tempfile


def huggingface(folder):
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": tempfile.mkdtemp()}
    import datasets, duckdb, pandas, pyarrow.parquet

    rows = {file["table"]: file["rows"] for file in json.load(open(f"{folder}/manifest.json"))["files"]}
    names = datasets.get_dataset_config_names(folder)
    assert set(names) == {table for table, count in rows.items() if count > 0}
    for name in names:
        path = f"{folder}/{name}/train.parquet"
        loaded = datasets.load_dataset(folder, name, split="train")
        table = pyarrow.parquet.read_table(path)
        counted = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()[0][0]
        assert len(loaded) == table.num_rows == counted == len(pandas.read_parquet(path)) == rows[name]
        for place in {0, len(loaded) // 2, len(loaded) - 1}:
            assert loaded[place] == table.slice(place, 1).to_pylist()[0]
        print(name, len(loaded), "rows")


def module(path):
    spec = importlib.util.spec_from_file_location("loaded", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def sae_dashboard(folder):
    package = os.environ["SAE_DASHBOARD"] + "/sae_dashboard/neuronpedia"
    dashboards = module(f"{package}/neuronpedia_dashboard.py")
    features = activations = 0
    for path in glob.glob(f"{folder}/batch-*.json"):
        written = json.load(open(path))
        read = dashboards.NeuronpediaDashboardBatch(**written)
        assert read.to_dict() == written
        assert [list(one) for one in read.to_dict()["features"]] == [list(one) for one in written["features"]]
        features += len(read.features)
        activations += sum(len(feature.activations) for feature in read.features)
    settings = json.load(open(f"{folder}/run_settings.json"))
    config = module(f"{package}/neuronpedia_runner_config.py").NeuronpediaRunnerConfig(**settings)
    assert vars(config) == settings
    print(features, "features", activations, "activations")


def spreadsheet(folder):
    import openpyxl

    csv.field_size_limit(10**9)
    out = tempfile.mkdtemp()
    files = glob.glob(f"{folder}/*.csv")
    options = "CSV:44,34,76,1,,1033,false,false"
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "xlsx", f"--infilter={options}", "--outdir", out, *files],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for path in files:
        name = os.path.basename(path)[:-4]
        wanted = list(csv.reader(open(path, newline="", encoding="utf-8")))
        sheet = openpyxl.load_workbook(f"{out}/{name}.xlsx").active
        cells = formulas = 0
        texts, different = collections.Counter(), collections.Counter()
        for line, row in zip(wanted, sheet.iter_rows()):
            for column, text, cell in zip(wanted[0], line, row):
                cells += 1
                formulas += cell.data_type == "f"
                same, as_number = equal(text, cell.value)
                texts[column] += as_number and not name_of_number(column)
                different[column] += not same
        print(name, cells, "cells", formulas, "formulas; different:", dict(+different), "ids as numbers:", dict(+texts))


def name_of_number(column):
    return not (column.endswith("_id") or column.endswith("hash") or column == "set")


def equal(text, value):
    if value is None:
        return text == "", False
    if isinstance(value, bool):
        return text.lower() == str(value).lower(), False
    if isinstance(value, (int, float)):
        try:
            return abs(float(text) - value) <= 1e-14 * abs(value), True
        except ValueError:
            return False, True
    return str(value) == text.replace("\r\n", "\n"), False


if __name__ == "__main__":
    {"huggingface": huggingface, "sae-dashboard": sae_dashboard, "spreadsheet": spreadsheet}[sys.argv[1]](sys.argv[2])
